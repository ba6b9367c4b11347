// Orders the functions of the wasm: similar functions are side by side, because gzip finds repeated
// bytes only within 32 KB. Average linkage: the two lists of functions whose members are most
// similar on average are joined, until one list is left. Then a local search moves functions next
// to similar ones as long as the deflated bytes get fewer. The order depends on the bytes only.
import { deflateRawSync } from "node:zlib";

/** Length of the byte sequences (grams) that are compared; shorter ones occur nearly everywhere. */
const GRAM_LENGTH = 6;
/** Moves that the local search tries, 6 ms each: another 1,000 would save another 50 bytes. */
const MOVES = 9000;
/** Similar functions next to which a move puts a function, and most functions that move at once. */
const [SIMILAR_FUNCTIONS, MAX_MOVED] = [12, 6];
/** Ids of the sections of a wasm, and of the list of functions in the custom section "name". */
const [CUSTOM, IMPORTS, CODE] = [0, 2, 10];
const FUNCTION_NAMES = 1;

/**
 * Returns `wasm` with function names that ascend in the order of similarity, which wasm-opt applies
 * by `--reorder-functions-by-name`. Both modules must have names; `optimised` is the result of
 * wasm-opt for `wasm`. Functions that are only in `wasm`, because they were inlined, come last.
 */
export function nameByOrder(wasm, optimised) {
  const { names: finalNames, bodies } = readFunctions(optimised);
  const rankOfName = new Map();
  for (const index of orderBySimilarity(bodies)) rankOfName.set(finalNames[index], rankOfName.size);
  const { names, importCount, end } = readFunctions(wasm);
  const entries = names.map((name, index) => {
    const rank = rankOfName.get(name) ?? bodies.length + index;
    return [...unsigned(importCount + index), ...string(String(rank).padStart(6, "0"))];
  });
  const list = [...unsigned(entries.length), ...entries.flat()];
  const content = [...string("name"), FUNCTION_NAMES, ...unsigned(list.length), ...list];
  const section = [CUSTOM, ...unsigned(content.length), ...content];
  return Buffer.concat([wasm.subarray(0, end), Buffer.from(section)]);
}

/** Returns the indices of `bodies`, each of them bytes, in an order of similarity. O(n^3). */
function orderBySimilarity(bodies) {
  const similarity = similarityMatrix(bodies);
  return improveOrder(linkAverages(bodies, similarity), bodies, similarity);
}

/**
 * The best order that the local search finds from `order`. The deflated bytes are those of the
 * given bodies, in which calls have the indices of before; the final order compresses as well.
 */
function improveOrder(order, bodies, similarity) {
  const similar = similarity.map((row, index) =>
    [...row.keys()]
      .filter((other) => other !== index)
      .sort((a, b) => row[b] - row[a])
      .slice(0, SIMILAR_FUNCTIONS),
  );
  const deflatedBytes = (indices) =>
    deflateRawSync(Buffer.concat(indices.map((index) => bodies[index])), { level: 9 }).length;
  const random = randomIntegers();
  let [best, leastBytes] = [order, deflatedBytes(order)];
  for (let move = 0; move < MOVES; move += 1) {
    const first = random(best.length);
    const candidate = [...best];
    const moved = candidate.splice(first, random(2) === 0 ? 1 : 1 + random(MAX_MOVED));
    const target = similar[moved[0]][random(SIMILAR_FUNCTIONS)];
    if (moved.includes(target)) continue;
    if (random(2) === 0) moved.reverse();
    candidate.splice(candidate.indexOf(target) + random(2), 0, ...moved);
    const bytes = deflatedBytes(candidate);
    if (bytes < leastBytes) [best, leastBytes] = [candidate, bytes];
  }
  return best;
}

/** A generator of reproducible pseudo-random integers from 0 to `limit` - 1. */
function randomIntegers() {
  let state = 1;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
}

/** Average linkage of `bodies`. O(n^3). */
function linkAverages(bodies, similarity) {
  const average = similarity.map((row) => Float64Array.from(row));
  const lists = new Map(bodies.map((_, index) => [index, [index]]));
  while (lists.size > 1) {
    const [first, second] = mostSimilar([...lists.keys()], average);
    const [a, b] = [lists.get(first), lists.get(second)];
    for (const other of lists.keys()) {
      const sum = average[first][other] * a.length + average[second][other] * b.length;
      average[first][other] = average[other][first] = sum / (a.length + b.length);
    }
    lists.set(first, join(a, b, similarity));
    lists.delete(second);
  }
  return [...lists.values()].flat();
}

/** The pair of the highest similarity; of equal ones, the first. */
function mostSimilar(keys, similarity) {
  let [best, pair] = [-1, []];
  keys.forEach((a, position) => {
    for (const b of keys.slice(position + 1))
      if (similarity[a][b] > best) [best, pair] = [similarity[a][b], [a, b]];
  });
  return pair;
}

/** Concatenates two lists, each possibly reversed, so that the most similar ends meet. */
function join(a, b, similarity) {
  const reversedA = a.toReversed();
  const reversedB = b.toReversed();
  const joined = [
    [a, b],
    [a, reversedB],
    [reversedA, b],
    [b, a],
  ];
  const similarityOfEnds = ([left, right]) => similarity[left.at(-1)][right[0]];
  return joined
    .reduce((best, pair) => (similarityOfEnds(pair) > similarityOfEnds(best) ? pair : best))
    .flat();
}

/** Cosines between the functions' sets of grams; a gram counts more if fewer functions have it. */
function similarityMatrix(bodies) {
  const grams = bodies.map(gramsOf);
  const counts = new Map();
  for (const gram of grams.flatMap((set) => [...set]))
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  const squaredWeight = (gram) => Math.log(bodies.length / counts.get(gram)) ** 2;
  const shared = grams.map((set) => new Set([...set].filter((gram) => counts.get(gram) > 1)));
  const product = (a, b) => {
    let sum = 0;
    for (const gram of a) if (b.has(gram)) sum += squaredWeight(gram);
    return sum;
  };
  const lengths = shared.map((set) => Math.sqrt(product(set, set)) || 1);
  const matrix = bodies.map(() => new Float64Array(bodies.length));
  for (let a = 0; a < bodies.length; a += 1)
    for (let b = 0; b < a; b += 1) {
      const [small, large] = shared[a].size < shared[b].size ? [a, b] : [b, a];
      const cosine = product(shared[small], shared[large]) / lengths[a] / lengths[b];
      matrix[a][b] = matrix[b][a] = cosine;
    }
  return matrix;
}

function gramsOf(body) {
  const text = Buffer.from(body).toString("latin1");
  const starts = Array.from({ length: Math.max(0, text.length - GRAM_LENGTH + 1) });
  return new Set(starts.map((_, start) => text.slice(start, start + GRAM_LENGTH)));
}

/**
 * Returns the names and bodies of the functions of a wasm, without imported ones, whose number is
 * `importCount`; and the `end` of its last section before the names.
 */
function readFunctions(wasm) {
  let position = 8; // after the magic number and the version
  const read = () => {
    let [value, shift, byte] = [0, 0, 0x80];
    while (byte & 0x80) {
      byte = wasm[position++];
      value += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    }
    return value;
  };
  const readBytes = () => {
    const length = read();
    position += length;
    return Buffer.from(wasm.subarray(position - length, position));
  };
  const skipLimits = () => {
    if (read() & 1) read();
    read();
  };
  const names = [];
  let [bodies, importCount, end] = [[], 0, 0];
  while (position < wasm.length) {
    const start = position;
    const id = read();
    const sectionEnd = read() + position;
    if (id === IMPORTS) {
      for (let left = read(); left > 0; left -= 1) {
        readBytes();
        readBytes();
        const kind = read();
        if (kind === 0) importCount += 1;
        if (kind === 1) read(); // the type of a table
        if (kind === 1 || kind === 2) skipLimits();
        else read();
        if (kind === 3) read(); // whether a global is mutable
      }
    } else if (id === CODE) {
      bodies = Array.from({ length: read() }, readBytes);
    } else if (id === CUSTOM && readBytes().toString() === "name") {
      end = start;
      while (position < sectionEnd) {
        const subsection = read();
        const subsectionEnd = read() + position;
        if (subsection === FUNCTION_NAMES)
          for (let left = read(); left > 0; left -= 1) {
            const index = read();
            names[index - importCount] = readBytes().toString();
          }
        position = subsectionEnd;
      }
    }
    position = sectionEnd;
  }
  const named = names.filter((name) => name !== undefined);
  if (bodies.length === 0 || named.length !== bodies.length)
    throw new Error(
      `Found ${named.length} names of ${bodies.length} functions: update ` +
        "scripts/lib/function-order.mjs to the output of wasm-opt.",
    );
  return { names, bodies, importCount, end };
}

function unsigned(value) {
  const bytes = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return [...bytes, left];
    bytes.push((left & 0x7f) | 0x80);
  }
}

function string(text) {
  const bytes = Buffer.from(text);
  return [...unsigned(bytes.length), ...bytes];
}

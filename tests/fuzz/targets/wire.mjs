// Target: compact medoids on the wire. A second decoder of the documented CBOR, written from its
// description, decides which bytes are a message and what it means.
import assert from "node:assert/strict";
import { init, isSageError } from "pocketsage";
import { decodeMedoids, encodeMedoids } from "pocketsage/remote";
import { checkError } from "../check-error.mjs";
import { mutate, randomFrom, randomText } from "../random.mjs";

const CODES = ["corrupt", "version", "option", "dimension", "not-finite"];
/** Largest difference of a component of a unit vector of at most five components. */
const TOLERANCES = { f32: 1e-6, f16: 1e-3, int8: 1e-2 };
const PRECISIONS = Object.keys(TOLERANCES);
const MAX_F32_ERROR = 1e-6;

export async function wireTarget() {
  await init();
  return { run };
}

function run(seed, isMutated) {
  const random = randomFrom(seed);
  const { send, precision, queries } = randomMessage(random);
  const bytes = encodeMedoids(queries, { send, precision });
  if (!isMutated) {
    const expected = expectedOf(queries, send);
    checkSame(decodeMedoids(bytes), expected, TOLERANCES[precision]);
    checkSame(parseMessage(bytes), expected, TOLERANCES[precision]);
    return "equal";
  }
  const mutated = mutate(bytes, random);
  let found;
  try {
    found = decodeMedoids(mutated);
  } catch (error) {
    checkError(error, (one) => isSageError(one) && CODES.includes(one.code));
    assert.throws(() => parseMessage(mutated), `refused: ${error.message}`);
    return "refused";
  }
  checkSame(found, parseMessage(mutated), MAX_F32_ERROR);
  checkSame(decodeMedoids(encodeMedoids(found, { precision: "f32" })), found, MAX_F32_ERROR);
  return "read";
}

function randomMessage(random) {
  const { below, next, pick, isOneIn } = random;
  const send = pick(["ids", "vectors", "both"]);
  const [dim, count] = [1 + below(5), 1 + below(isOneIn(2) ? 10_000 : 30)];
  const scale = 10 ** (below(9) - 4);
  const vector = () =>
    Float32Array.from({ length: dim }, () => (isOneIn(6) ? 0 : (next() - 0.5) * scale));
  return {
    send,
    precision: pick(PRECISIONS),
    queries: Array.from({ length: 1 + below(4) }, (_, row) => ({
      ...(send !== "vectors" && { item: `${row}${randomText(random, isOneIn(8) ? 100 : 6)}` }),
      ...(send !== "ids" && { vector: vector() }),
      count: Math.max(1, count - row),
    })),
  };
}

/** The queries as they arrive: the largest count, vectors of unit length or zero. */
function expectedOf(queries, send) {
  const count = Math.max(...queries.map((query) => query.count));
  return queries.map(({ item, vector }) => ({
    ...(send !== "vectors" && { item }),
    ...(send !== "ids" && { vector: toUnit(vector) }),
    count,
  }));
}

function toUnit(vector) {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return Array.from(vector, (value) => (norm > 0 ? value / norm : 0));
}

function checkSame(found, expected, tolerance) {
  assert.equal(found.length, expected.length);
  found.forEach(({ item, vector, count }, row) => {
    assert.equal(item, expected[row].item);
    assert.equal(count, expected[row].count);
    assert.equal(vector?.length, expected[row].vector?.length);
    vector?.forEach((value, axis) => {
      const difference = Math.abs(value - expected[row].vector[axis]);
      assert.ok(difference <= tolerance, `component ${axis} differs by ${difference}`);
    });
  });
}

/** The queries of a message. Throws for other bytes. */
function parseMessage(bytes) {
  let offset = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const take = (length) => {
    assert.ok(length <= bytes.length - offset, "more bytes");
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  /** The argument of a head of one of the major types. */
  const head = (...types) => {
    const [initial] = take(1);
    assert.ok(types.includes(initial >> 5), "another type");
    const size = initial & 31;
    if (size < 24) return size;
    assert.ok(size <= 27, "an indefinite length");
    const start = offset;
    take(2 ** (size - 24));
    if (size === 24) return view.getUint8(start);
    if (size === 25) return view.getUint16(start);
    return size === 26 ? view.getUint32(start) : Number(view.getBigUint64(start));
  };
  const [uint, byteString, textString, array, map, tag] = [0, 2, 3, 4, 5, 6];
  const fields = new Map();
  const read = [
    () => assert.equal(head(uint), 1, "another version"),
    () => head(uint),
    () =>
      Array.from({ length: below65(head(array)) }, () =>
        new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(take(head(textString))),
      ),
    () => {
      assert.equal(head(tag), 40);
      assert.equal(head(array), 2);
      assert.equal(head(array), 2);
      const [rows, dim, type] = [below65(head(uint)), head(uint), head(tag)];
      assert.ok(dim >= 1 && dim <= 32_768);
      const [width, decode] = COMPONENTS[type];
      const codes = take(head(byteString));
      assert.equal(codes.length, rows * dim * width);
      const codeView = new DataView(codes.buffer, codes.byteOffset, codes.length);
      const values = Array.from({ length: rows * dim }, (_, at) => decode(codeView, at * width));
      assert.ok(values.every(Number.isFinite));
      return Array.from({ length: rows }, (_, row) =>
        toUnit(values.slice(row * dim, (row + 1) * dim)),
      );
    },
  ];
  for (let left = head(map), last = -1; left > 0; left -= 1) {
    const key = head(uint);
    assert.ok(key > last && (last >= 0 || key === 0), "the order of keys");
    fields.set(key, read[key]());
    last = key;
  }
  assert.equal(offset, bytes.length);
  const [count, ids = [], vectors = []] = [1, 2, 3].map((key) => fields.get(key));
  assert.ok(count >= 1 && count <= 10_000);
  const rows = Math.max(ids.length, vectors.length);
  assert.ok(rows > 0 && [0, rows].includes(ids.length) && [0, rows].includes(vectors.length));
  return Array.from({ length: rows }, (_, row) => {
    if (ids.length > 0) {
      const { length } = new TextEncoder().encode(ids[row]);
      assert.ok(length >= 1 && length <= 512);
    }
    return {
      ...(ids.length > 0 && { item: ids[row] }),
      ...(vectors.length > 0 && { vector: vectors[row] }),
      count,
    };
  });
}

/** Width and decoder of the components of each typed array. */
const COMPONENTS = {
  72: [1, (view, at) => view.getInt8(at)],
  84: [2, (view, at) => halfOf(view.getUint16(at, true))],
  85: [4, (view, at) => view.getFloat32(at, true)],
};

function halfOf(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * 2 ** (exponent === 0 ? -14 : exponent - 15) * ((exponent > 0) + fraction / 1024);
}

function below65(count) {
  assert.ok(count <= 64);
  return count;
}

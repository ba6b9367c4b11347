// Target: files with blocks, searched by ranges. Oracle: the exact scan of the same catalogue.
import assert from "node:assert/strict";
import { Catalogue, isSageError } from "pocketsage";
import { openRanged } from "pocketsage/ranged";
import { hash64 } from "../../../pkg/catalogue/ranged/hash.js";
import { buildRanged } from "../../js/ranged-world.mjs";
import { checkError } from "../check-error.mjs";
import { mutate, randomFrom } from "../random.mjs";

/** Kind of the section of blocks. */
const BLOCKS = 21;
const CODES = ["corrupt", "retrieval", "version", "option"];
const SHAPES = [
  { n: 1, dim: 1 },
  { n: 30, dim: 3, precision: "compact" },
  { n: 45, dim: 9, metric: "ip", prior: true },
  { n: 45, dim: 8, metric: "l2", precision: "compact" },
  { n: 60, dim: 17 },
];

export async function rangedTarget() {
  const worlds = [];
  for (const shape of SHAPES) worlds.push(await openWorld(shape));
  return { run: (seed, isMutated) => run(worlds, seed, isMutated) };
}

async function openWorld(shape) {
  const { bytes, vectors } = await buildRanged({ maxBlockBytes: 64, ...shape });
  const catalogue = await Catalogue.fromBytes(bytes);
  return { bytes, vectors, catalogue, ids: new Set(catalogue.ids()) };
}

async function run(worlds, seed, isMutated) {
  const random = randomFrom(seed);
  const world = random.pick(worlds);
  const query = randomQuery(world, random);
  const options = { count: 1 + random.below(12) };
  if (random.isOneIn(3)) options.exclude = [`item-${random.below(60)}`];
  if (random.isOneIn(4)) options.filter = { field: "parity", is: "odd" };
  return isMutated ? runMutated(world, query, options, random) : runValid(world, query, options);
}

/** A vector of an item with noise, or any other, or zero. */
function randomQuery({ vectors, catalogue }, random) {
  if (random.isOneIn(16)) return new Float32Array(catalogue.dim);
  const base = random.pick(vectors);
  const noise = random.isOneIn(4) ? 100 : 0.1;
  return base.map((value) => value + noise * (random.next() - 0.5));
}

async function runValid({ bytes, catalogue }, query, options) {
  const ranged = await openRanged(sourceOf(bytes), { whole: false, memory: 0 });
  const expected = catalogue.search(query, { ...options, exact: true });
  const exact = await ranged.search(query, { ...options, exact: true });
  assertSame(exact, expected);
  const all = catalogue.search(query, { ...options, count: catalogue.size, exact: true });
  const scores = new Map(all.map(({ item, score }) => [item, score]));
  for (const { item, score } of await ranged.search(query, options))
    assert.ok(isClose(score, scores.get(item)), `${item}: ${score}, ${scores.get(item)}`);
  return "equal";
}

/** Without a new hash, an alteration gives the same hits or an error; with one, hits of items. */
async function runMutated({ bytes, catalogue, ids }, query, options, random) {
  const isRehashed = random.isOneIn(2);
  const altered = isRehashed ? alterBlocks(bytes, random) : mutate(bytes, random);
  try {
    const ranged = await openRanged(sourceOf(altered), { whole: false, memory: 0 });
    const hits = await ranged.search(query, { ...options, exact: true });
    if (!isRehashed) assertSame(hits, catalogue.search(query, { ...options, exact: true }));
    for (const near of [hits, await ranged.search(query, options)])
      for (const { item, score } of near)
        assert.ok(ids.has(item) && Number.isFinite(score), `${item}: ${score}`);
    return "read";
  } catch (error) {
    checkError(error, (given) => isSageError(given) && CODES.includes(given.code));
    return "refused";
  }
}

/** Alters words of the section of blocks and corrects its hash. */
function alterBlocks(bytes, random) {
  const altered = Uint8Array.from(bytes);
  const view = new DataView(altered.buffer);
  let entry = 64;
  while (view.getUint32(entry, true) !== BLOCKS) entry += 24;
  const start = Number(view.getBigUint64(entry + 8, true));
  const length = Number(view.getBigUint64(entry + 16, true));
  for (let change = 0; change <= random.below(3); change += 1) {
    const at = start + 8 + 4 * random.below((length - 8) >> 2);
    const old = view.getUint32(at, true);
    const values = [0, 1, old + 1, old - 1, 2 ** 31, 2 ** 32 - 1, old ^ (1 << random.below(32))];
    view.setUint32(at, random.pick(values), true);
  }
  const hash = BigInt(`0x${hash64(altered.subarray(start + 8, start + length))}`);
  view.setBigUint64(start, hash, true);
  return altered;
}

/** A source of bytes in memory that returns copies, as a file does. */
function sourceOf(bytes) {
  return {
    name: "fuzz",
    async read(offset, length) {
      const part = bytes.slice(offset, offset + length);
      if (part.length !== length) throw new Error("the file is shorter");
      return part;
    },
    readWhole: async () => new Blob([bytes]).stream(),
  };
}

const isClose = (a, b) => Math.abs(a - b) <= 4e-6 * Math.max(1, Math.abs(b));

/** Equal hits; those of nearly equal scores may be in another order. */
function assertSame(hits, expected) {
  assert.equal(hits.length, expected.length);
  hits.forEach(({ item, score }, rank) => {
    assert.ok(isClose(score, expected[rank].score), `rank ${rank}: ${score}`);
    const isTie = expected.some(
      (other, index) =>
        other.item === item && (index === rank || isClose(other.score, expected[rank].score)),
    );
    const isLastTie = isClose(score, expected.at(-1).score);
    assert.ok(isTie || isLastTie, `rank ${rank}: ${item}`);
  });
}

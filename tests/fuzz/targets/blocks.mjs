// Target: the decoders of files with blocks (header, section table, section of blocks, ids), each
// called directly. Altered words keep valid hashes in half of the runs, so that the checks behind
// the hashes decide. What is read is consistent: blocks cover the rows, and each row has an id.
import assert from "node:assert/strict";
import { isSageError } from "pocketsage";
import { readBlocks, readFileHead } from "../../../pkg/catalogue/ranged/format.js";
import { hash64 } from "../../../pkg/catalogue/ranged/hash.js";
import { readIds } from "../../../pkg/catalogue/ranged/ids.js";
import { BLOCKS } from "../../../pkg/catalogue/sections.js";
import { buildRanged } from "../../js/ranged-world.mjs";
import { checkError } from "../check-error.mjs";
import { randomFrom } from "../random.mjs";

const HEADER_BYTES = 64;
const ENTRY_BYTES = 24;
/** Where the section of blocks has the hash of header and table. */
const HEAD_HASH_AT = 32;
/** Kinds of the sections of ids: offsets, bytes, order. */
const ID_KINDS = [4, 5, 6];
const SHAPES = [
  { n: 1, dim: 1 },
  { n: 9, dim: 3, precision: "compact" },
  { n: 20, dim: 9, metric: "l2", prior: true },
];

const isExpected = (error) => isSageError(error) && ["corrupt", "version"].includes(error.code);

export async function blocksTarget() {
  const files = [];
  for (const shape of SHAPES) {
    const { bytes, catalogue } = await buildRanged({ maxBlockBytes: 64, ...shape });
    // A copy of its own: views of the decoder begin at multiples of 8 bytes of the buffer.
    const own = Uint8Array.from(bytes);
    files.push({ bytes: own, ids: [...catalogue.ids()], expected: decode(own) });
  }
  return { run: (seed, isMutated) => run(files, seed, isMutated) };
}

function run(files, seed, isMutated) {
  const random = randomFrom(seed);
  const { bytes, ids, expected } = random.pick(files);
  if (!isMutated) {
    const row = random.below(ids.length);
    const { ids: table, blocks } = decode(bytes);
    assert.equal(table.idOf(row), ids[row]);
    assert.equal(table.rowOf(ids[row]), row);
    assert.equal(table.rowOf(`item-${ids.length}`), -1);
    const block = random.below(blocks.count);
    assert.equal(blocks.ends[block], expected.blocks.ends[block]);
    assert.equal(blocks.vectorHash(block), expected.blocks.vectorHash(block));
    return "equal";
  }
  try {
    checkDecoded(decode(alter(bytes, random)), random);
    return "read";
  } catch (error) {
    checkError(error, isExpected);
    return "refused";
  }
}

/** Header, blocks and ids of a file in memory; sections outside of the bytes are cut. */
function decode(bytes) {
  const head = readFileHead(bytes, "fuzz");
  const section = (kind) => {
    const { offset, length } = head.sections.get(kind) ?? { offset: 0, length: 0 };
    return bytes.slice(offset, offset + length);
  };
  const blocks = readBlocks(section(BLOCKS), head, "fuzz");
  return { head, blocks, ids: readIds(...ID_KINDS.map(section), "fuzz") };
}

function checkDecoded({ head, blocks, ids }, random) {
  const { rows, dim } = head;
  assert.ok(dim >= 1 && Number.isFinite(head.spread) && head.spread >= 0);
  assert.ok(blocks.count <= rows && (blocks.ends.at(-1) ?? 0) === rows, "rows without a block");
  blocks.ends.forEach((end, block) => {
    assert.ok(end > (blocks.ends[block - 1] ?? 0), "an empty block");
  });
  assert.equal(blocks.centres.length, blocks.count * dim);
  assert.equal(blocks.factors.length, rows);
  assert.equal(blocks.sketches.length, rows * blocks.sketchBytes);
  for (const scales of [blocks.centreScales, blocks.factorScales])
    assert.ok(scales.length === blocks.count && scales.every((scale) => scale >= 0));
  // Rows and ids are compared by `loadResident`; every id of the table is readable.
  const row = random.below(rows);
  const id = ids.idOf(row);
  assert.equal(typeof id, "string");
  const found = ids.rowOf(id);
  assert.ok(Number.isInteger(found) && found >= -1);
}

/** Alters one to four words of the header, the table, the blocks or the ids, or cuts the file. */
function alter(bytes, random) {
  const altered = Uint8Array.from(bytes);
  const view = new DataView(altered.buffer);
  const isRepaired = random.isOneIn(2);
  const head = readFileHead(altered, "fuzz");
  const tableEnd = HEADER_BYTES + head.sections.size * ENTRY_BYTES;
  const blocks = head.sections.get(BLOCKS);
  const areas = [
    { offset: 0, length: tableEnd },
    blocks,
    ...ID_KINDS.map((kind) => head.sections.get(kind)).filter(({ length }) => length >= 4),
  ];
  const area = random.pick(areas);
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) {
    const at = area.offset + 4 * random.below(area.length >> 2);
    const old = view.getUint32(at, true);
    const other = view.getUint32(area.offset + 4 * random.below(area.length >> 2), true);
    const values = [0, 1, old + 1, old - 1, 2 ** 31, 2 ** 32 - 1, old ^ (1 << random.below(32))];
    view.setUint32(at, random.pick([...values, other, 0x7f800000, 0x7fc00000]), true);
  }
  if (isRepaired) {
    setHash(view, blocks.offset + HEAD_HASH_AT, hash64(altered.subarray(16, tableEnd)));
    const end = blocks.offset + blocks.length;
    setHash(view, blocks.offset, hash64(altered.subarray(blocks.offset + 8, end)));
  }
  return random.isOneIn(16) ? altered.slice(0, random.below(altered.length)) : altered;
}

function setHash(view, at, hash) {
  view.setBigUint64(at, BigInt(`0x${hash}`), true);
}

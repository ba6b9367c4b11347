// Target: the files of a catalogue in cells. Bytes that are read have one meaning: encoded again,
// they are the same bytes.
import assert from "node:assert/strict";
import { isSageError } from "pocketsage";
import {
  cellLength,
  decodeCell,
  decodeCodebook,
  decodeManifest,
  encodeCell,
  encodeCodebook,
  encodeManifest,
} from "../../../pkg/privacy/cells/format.js";
import { checkError } from "../check-error.mjs";
import { mutate, randomFrom, randomText } from "../random.mjs";

const isExpected = (error) => isSageError(error) && ["corrupt", "version"].includes(error.code);

export function cellsTarget() {
  return { run };
}

function run(seed, isMutated) {
  const random = randomFrom(seed);
  const { value, encode, decode } = random.pick([randomCell, randomCodebook, randomManifest])(
    random,
  );
  const bytes = encode(value);
  if (!isMutated) {
    assert.deepEqual(decode(bytes), value);
    return "equal";
  }
  const mutated = new Uint8Array(mutate(bytes, random));
  let found;
  try {
    found = decode(mutated);
  } catch (error) {
    checkError(error, isExpected);
    return "refused";
  }
  assert.deepEqual(decode(encode(found, mutated.length)), found);
  return "read";
}

const randomCodes = ({ below }, length) => Int8Array.from({ length }, () => below(255) - 127);

function randomCell(random) {
  const { below, isOneIn } = random;
  const dim = 1 + below(5);
  const value = Array.from({ length: below(6) }, (_, row) => ({
    item: `${row}${randomText(random, 8)}`,
    codes: randomCodes(random, dim),
    payload: isOneIn(2) ? undefined : JSON.stringify({ title: randomText(random, 9) }),
  }));
  const padded = Math.ceil(cellLength(dim, value) / 16) * 16 + 16 * below(3);
  return {
    value,
    encode: (items, length = padded) => encodeCell(dim, items, length),
    decode: (bytes) => decodeCell(bytes, dim),
  };
}

function randomCodebook(random) {
  const { below } = random;
  const [cells, dim] = [2 + below(5), 1 + below(4)];
  const items = cells + below(40);
  const value = {
    cells,
    dim,
    items,
    cellBytes: 16 * (1 + below(9)),
    slots: Math.ceil(items / cells),
    centres: randomCodes(random, cells * dim),
    hashes: Uint8Array.from({ length: cells * 16 }, () => below(256)),
  };
  return { value, encode: (codebook) => encodeCodebook(codebook), decode: decodeCodebook };
}

function randomManifest({ below }) {
  const cells = 8 + below(100);
  const value = {
    codebook: Array.from({ length: 64 }, () => below(16).toString(16)).join(""),
    cells,
    dim: 1 + below(500),
    items: cells + below(1000),
    cellBytes: 16 * (1 + below(99)),
    shardCells: below(2) === 0 ? cells : 8,
  };
  return {
    value,
    encode: (manifest) => new TextEncoder().encode(encodeManifest(manifest)),
    decode: (bytes) => decodeManifest(new TextDecoder().decode(bytes)),
  };
}

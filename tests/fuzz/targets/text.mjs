// Target: the section of a text tower. Bytes that are read have one meaning: encoded again, they
// are the same bytes, and every text has a vector of finite values or none.
import assert from "node:assert/strict";
import { isSageError } from "pocketsage";
import { decodeTower, encodeTower, openEncoder } from "../../../pkg/text/tower.js";
import { checkError } from "../check-error.mjs";
import { mutate, randomFrom, randomText } from "../random.mjs";

const isExpected = (error) => isSageError(error) && ["corrupt", "version"].includes(error.code);

export function textTarget() {
  return { run };
}

function run(seed, isMutated) {
  const random = randomFrom(seed);
  const tower = randomTower(random);
  const bytes = encodeTower(tower);
  if (!isMutated) {
    assert.deepEqual(decodeTower(bytes, tower.dim), tower);
    checkEncoder(tower, random);
    return "equal";
  }
  let found;
  try {
    found = decodeTower(new Uint8Array(mutate(bytes, random)), tower.dim);
  } catch (error) {
    checkError(error, isExpected);
    return "refused";
  }
  assert.deepEqual(decodeTower(encodeTower(found), tower.dim), found);
  checkEncoder(found, random);
  return "read";
}

function checkEncoder(tower, random) {
  const vector = openEncoder(tower).embed(randomText(random, 60));
  if (vector) assert.ok(vector.length === tower.dim && vector.every(Number.isFinite));
}

function randomTower({ below }) {
  const [rows, rank, dim] = [1 + below(30), 1 + below(6), 1 + below(6)];
  const hashes = new Set(Array.from({ length: rows }, () => below(2 ** 32)));
  const codes = (length, bits) =>
    Int8Array.from({ length }, () => below(2 ** bits) - 2 ** (bits - 1));
  return {
    dim,
    rank,
    fields: ["title", "tags"].slice(0, 1 + below(2)),
    space: [undefined, "e5", "räume/2"][below(3)],
    hashes: Uint32Array.from(hashes).sort(),
    factors: Uint16Array.from(hashes, () => below(65_536)),
    codes: codes(hashes.size * rank, 4),
    axes: codes(rank * dim, 8),
  };
}

// Messages of compact medoids whose bytes are equal in Rust and in TypeScript; wire.rs computes the
// same.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { decodeMedoids, encodeMedoids } from "pocketsage/remote";
import { stream } from "./sets.mjs";

const PRECISIONS = ["f16", "int8", "f32"];
const golden = JSON.parse(await readFile(new URL("wire.json", import.meta.url), "utf8"));

test("messages, and the vectors decoded from them, are those of the Rust core", () => {
  const next = stream(golden.seed);
  const below = (bound) => next() % bound;
  const parts = [];
  for (let message = 0; message < golden.messages; message += 1) {
    const [n, dim] = [1 + below(8), 1 + below(40)];
    const precision = PRECISIONS[below(3)];
    const count = 1 + below(10_000);
    const send = ["both", "ids", "vectors"][below(3)];
    const space = below(2) === 0 ? "ä".repeat(1 + below(30)) : undefined;
    const ids = Array.from({ length: n }, () => "é1".repeat(1 + below(12)));
    const vectors = ids.map(() => vector(dim, next, below));
    const queries = ids.map((item, row) => ({ item, vector: vectors[row], count, space }));
    const bytes = encodeMedoids(queries, { precision, send });
    const decoded = decodeMedoids(bytes);
    for (const { vector } of decoded) if (vector) parts.push(Buffer.from(vector.buffer));
    parts.push(bytes);
  }
  assert.equal(crc32(Buffer.concat(parts)).toString(16).padStart(8, "0"), golden.crc32);
});

/** Components in [-scale, scale): some vectors are zero, and some components are tiny. */
function vector(dim, next, below) {
  const scale = [0, 1, 1024, 1 / 65_536][below(4)];
  return Float32Array.from({ length: dim }, () => {
    const tiny = [1, 1, 1 / 16_384][below(3)];
    return (((next() >>> 8) - 8_388_608) / 8_388_608) * scale * tiny;
  });
}

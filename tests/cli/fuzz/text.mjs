// Fuzzing of the readers of CSV, JSON and NumPy in this process: random files are read back, and
// mutated files are read or refused with an InputError.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "../../../pkg/cli/command-error.js";
import { readItems } from "../../../pkg/cli/read/item-file.js";
import { mutate, randomFrom } from "./random.mjs";

/** Longest time for one small file. */
const MAX_MS = 2000;
const CHARACTERS = [..."abcXYZ019 ,;\t\"'\\{}[]:\n.é🍕", "\u001b", "\u200b"];

/** Items with distinct ids, vectors that float32 represents, and a label or none. */
function randomItems({ below, next, pick }) {
  const dim = 2 + below(5);
  const textOf = (length) => Array.from({ length }, () => pick(CHARACTERS)).join("");
  return Array.from({ length: 1 + below(6) }, (_, row) => ({
    id: `${row}${textOf(below(6))}`,
    // A third digit after the point keeps the numbers from looking like integers.
    vector: Array.from({ length: dim }, () => Math.fround((next() - 0.5) * 10 ** below(6) + 0.001)),
    label: below(2) ? `l${textOf(below(12))}` : undefined,
  }));
}

const FORMATS = {
  csv: {
    extension: "csv",
    write(items, { pick }) {
      const separator = pick([",", ";", "\t"]);
      const decimalComma = separator === ";" && pick([true, false]);
      const quote = (text) =>
        /[",;\t\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      const vectorText = (vector) => {
        if (decimalComma) return vector.map((value) => `${value}`.replace(".", ",")).join(" ");
        return pick([
          JSON.stringify(vector),
          vector.join(" "),
          vector.join(", "),
          vector.join(";"),
        ]);
      };
      const header =
        pick(["", `sep=${separator}\n`, "\n"]) + ["id", "vector", "label"].join(separator);
      const rows = items.map(({ id, vector, label = "" }) =>
        [id, vectorText(vector), label].map(quote).join(separator),
      );
      return Buffer.from([header, ...rows].join(pick(["\n", "\r\n"])) + pick(["", "\n"]));
    },
  },
  json: {
    extension: "json",
    write(items, { pick }) {
      const [indent, isArray] = [pick([undefined, 2]), pick([true, false])];
      if (isArray) return Buffer.from(JSON.stringify(items, null, indent));
      return Buffer.from(items.map((item) => JSON.stringify(item, null, indent)).join("\n"));
    },
  },
  npy: {
    extension: "npy",
    needsIds: true,
    write(items, { pick }) {
      const [rows, dim] = [items.length, items[0].vector.length];
      const [code, width] = pick([
        ["f4", 4],
        ["f8", 8],
      ]);
      const [order, fortran] = [pick(["<", ">"]), pick([true, false])];
      const shape = pick([`(${rows}, ${dim})`, `(${rows}, 1, ${dim})`]);
      const order_ = fortran ? "True" : "False";
      const text = `{'descr': '${order}${code}', 'fortran_order': ${order_}, 'shape': ${shape}, }`;
      const header = Buffer.from(`${text.padEnd(117)}\n`);
      const data = Buffer.alloc(rows * dim * width);
      items.forEach(({ vector }, row) =>
        vector.forEach((value, axis) => {
          const at = (fortran ? axis * rows + row : row * dim + axis) * width;
          const method = `write${code === "f4" ? "Float" : "Double"}${order === "<" ? "LE" : "BE"}`;
          data[method](value, at);
        }),
      );
      const magic = Buffer.from("\x93NUMPY\x01\x00", "latin1");
      const length = Buffer.from(Uint16Array.of(header.length).buffer);
      return Buffer.concat([magic, length, header, data]);
    },
  },
};

/** Reads `runs` files of a format, every second one mutated. Throws with the seed of a failure. */
export async function fuzzFormat(name, runs, firstSeed = 1) {
  const { extension, write, needsIds } = FORMATS[name];
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-fuzz-"));
  const file = join(folder, `items.${extension}`);
  const idsFile = join(folder, "ids.jsonl");
  const ids = needsIds ? idsFile : undefined;
  const counts = { equal: 0, read: 0, refused: 0 };
  const ignore = () => {};
  const options = { ...{ id: "id", vector: "vector", ids, attributes: [], length: 0 } };
  Object.assign(options, { onItem: ignore, onProgress: ignore, onNote: ignore });
  try {
    for (let run = 0; run < runs; run += 1) {
      const seed = firstSeed + run;
      const random = randomFrom(seed);
      const items = randomItems(random);
      const isMutated = run % 2 === 1;
      const valid = write(items, random);
      await writeFile(file, isMutated ? mutate(valid, random) : valid);
      if (needsIds)
        await writeFile(
          idsFile,
          items.map(({ id, label }) => `${JSON.stringify({ id, label })}\n`).join(""),
        );
      const begunAt = performance.now();
      try {
        const result = await readItems(file, options);
        if (isMutated) checkItems(result);
        else checkEqual(result, items);
        counts[isMutated ? "read" : "equal"] += 1;
      } catch (error) {
        if (!isMutated || !(error instanceof InputError) || error.message.length > 1500)
          throw new Error(`${name}, seed ${seed}: ${error.stack}`);
        counts.refused += 1;
      }
      const elapsed = performance.now() - begunAt;
      assert.ok(elapsed < MAX_MS, `${name}, seed ${seed}: ${elapsed} ms`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return counts;
}

/** Whatever is accepted is a list of items: distinct ids, finite vectors of one length. */
function checkItems({ items, dim }) {
  assert.equal(new Set(items.map(([id]) => id)).size, items.length);
  for (const [id, vector] of items) {
    assert.ok(typeof id === "string" && id !== "");
    assert.ok(vector instanceof Float32Array && vector.length === dim);
    assert.ok(vector.every(Number.isFinite));
  }
}

function checkEqual(result, items) {
  checkItems(result);
  const expected = items.map(({ id, vector, label }) => [
    ...[id, Float32Array.from(vector)],
    ...(label === undefined ? [] : [{ label }]),
  ]);
  assert.deepEqual(
    result.items.map(([id, vector, payload]) => [
      ...[id, vector],
      ...(payload === undefined ? [] : [{ ...payload }]),
    ]),
    expected,
  );
}

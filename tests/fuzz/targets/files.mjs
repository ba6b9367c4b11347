// Target: the readers of CSV, JSON, NumPy and safetensors: random files are read back, mutated
// files are read or refused with an InputError. Text comes in chunks of random lengths, or as a
// file.
import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "../../../pkg/cli/command-error.js";
import { readItems } from "../../../pkg/cli/read/item-file.js";
import { escapeMessage } from "../../../pkg/cli/terminal/escape.js";
import { READ_OPTIONS } from "../../cli/read-options.mjs";
import { checkError } from "../check-error.mjs";
import { mutate, randomFrom, randomText } from "../random.mjs";

const MAX_UNCUT_LENGTH = 1500;
/** Those of a run that has just ended, or of the runtime. */
const MAX_OPEN_FILES = 8;

/** Items with distinct ids, vectors that float32 represents, and a label or none. */
function randomItems(random, hasLabels) {
  const { below, next, isOneIn } = random;
  const dim = 2 + below(5);
  return Array.from({ length: 1 + below(6) }, (_, row) => ({
    id: `${row}${randomText(random, 6)}`,
    // A third digit after the point keeps the numbers from looking like integers.
    vector: Array.from({ length: dim }, () => Math.fround((next() - 0.5) * 10 ** below(6) + 0.001)),
    label: hasLabels && isOneIn(2) ? `l${randomText(random, 12)}` : undefined,
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
      const fortranOrder = fortran ? "True" : "False";
      const type = `'descr': '${order}${code}'`;
      const text = `{${type}, 'fortran_order': ${fortranOrder}, 'shape': ${shape}, }`;
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
  safetensors: {
    extension: "safetensors",
    needsIds: true,
    write(items, { below, pick }) {
      const rows = items.map(({ vector }) => vector);
      const [dtype, Type] = pick([
        ["F32", Float32Array],
        ["F64", Float64Array],
      ]);
      const parts = [Buffer.alloc(4 * below(5)), Buffer.from(Type.from(rows.flat()).buffer)];
      const [start, end] = [parts[0].length, parts[0].length + parts[1].length];
      const header = JSON.stringify({
        bias: { dtype: "F32", shape: [start / 4], data_offsets: [0, start] },
        [pick(["vector", "weight"])]: {
          dtype,
          shape: [rows.length, rows[0].length],
          data_offsets: [start, end],
        },
      });
      const text = Buffer.from(header + pick(["", "   "]));
      const length = Buffer.from(BigUint64Array.of(BigInt(text.length)).buffer);
      return Buffer.concat([length, text, ...parts]);
    },
  },
};

/** The target of a format: "csv", "json", "npy" or "safetensors". */
export async function fileTarget(name) {
  const { extension, write, needsIds } = FORMATS[name];
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-fuzz-"));
  const file = join(folder, `items.${extension}`);
  const idsFile = join(folder, "ids.jsonl");
  const stdin = Object.getOwnPropertyDescriptor(process, "stdin");
  const openFiles = countOpenFiles();
  const setStdin = (bytes, random) =>
    Object.defineProperty(process, "stdin", { value: inChunks(bytes, random), configurable: true });
  return {
    async run(seed, isMutated) {
      const random = randomFrom(seed);
      const items = randomItems(random, !needsIds || random.isOneIn(16));
      const valid = write(items, random);
      const bytes = isMutated ? mutate(valid, random) : valid;
      const readsFile = needsIds || random.isOneIn(16);
      if (readsFile) writeFileSync(file, bytes);
      else setStdin(bytes, random);
      let ids;
      if (needsIds) {
        // Lines of text from the standard input, for speed, or JSON lines from a file.
        ids = items.some(({ id, label }) => label || /\s/.test(id)) ? idsFile : "-";
        if (ids === "-") setStdin(Buffer.from(items.map(({ id }) => `${id}\n`).join("")), random);
        else
          writeFileSync(
            ids,
            items.map(({ id, label }) => `${JSON.stringify({ id, label })}\n`).join(""),
          );
      }
      try {
        const result = await readItems(readsFile ? file : "-", { ...READ_OPTIONS, ids });
        checkItems(result);
        if (isMutated) {
          setStdin(toJsonLines(result.items), random);
          const again = await readItems("-", READ_OPTIONS);
          assert.equal(textOf(again.items), textOf(result.items));
          return "read";
        }
        assert.equal(textOf(result.items), textOf(items.map(toFileItem)));
        return "equal";
      } catch (error) {
        if (!isMutated) throw error;
        checkError(error, isInputError, escapeMessage(error.message));
        // The command cuts longer messages in the middle.
        assert.ok(error.message.length <= MAX_UNCUT_LENGTH, error.message);
        return "refused";
      }
    },
    async close() {
      // A refused file is closed, too.
      assert.ok(countOpenFiles() <= openFiles + MAX_OPEN_FILES, "files stay open");
      Object.defineProperty(process, "stdin", stdin);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The number of open files, where the system has a list of them. */
function countOpenFiles() {
  return existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0;
}

const isInputError = (error) => error instanceof InputError;

/** The bytes in chunks that split lines, quoted fields, characters and "\r\n". */
function inChunks(bytes, { below, isOneIn }) {
  if (isOneIn(2)) return [bytes];
  const chunks = [];
  for (let start = 0; start < bytes.length; ) {
    const end = start + 1 + below(bytes.length);
    chunks.push(bytes.subarray(start, end));
    start = end;
  }
  return chunks;
}

/** Whatever is accepted is a list of items: distinct ids, finite vectors of one length. */
function checkItems({ items, dim }) {
  assert.equal(new Set(items.map(([id]) => id)).size, items.length);
  for (const [id, vector, payload] of items) {
    assert.ok(typeof id === "string" && id !== "");
    assert.ok(vector instanceof Float32Array && vector.length === dim);
    assert.ok(vector.every(Number.isFinite));
    const prototype = Object.getPrototypeOf(payload ?? {});
    assert.ok(prototype === Object.prototype || prototype === null);
  }
}

function toFileItem({ id, vector, label }) {
  return [id, vector, label === undefined ? undefined : { label }];
}

function toJsonLines(items) {
  return Buffer.from(
    items
      .map(([id, vector, payload]) => JSON.stringify({ ...payload, id, vector: [...vector] }))
      .join("\n"),
  );
}

/** Items as text; the components of vectors print exactly. */
function textOf(items) {
  return JSON.stringify(items.map(([id, vector, payload]) => [id, [...vector], payload]));
}

// Decodes mutated Parquet or Arrow files, one for each message: targets/columnar.mjs ends this
// process when it does not answer, as the command does.
import {
  CompressionType,
  fixedSizeList,
  float16,
  float32,
  int64,
  list as listOf,
  setCompressionCodec,
  struct as structOf,
  tableFromArrays,
  tableToIPC,
} from "@uwdata/flechette";
import { compressBound, compressFrame } from "lz4js";
import { openArrow } from "../../pkg/cli/read/arrow-decode.js";
import { openParquet } from "../../pkg/cli/read/parquet-decode.js";
import { CODECS, fixed, list, parquet, struct, text } from "../cli/parquet-files.mjs";
import { mutate, randomFrom } from "./random.mjs";

const format = process.argv[2];

/** A valid Parquet file: its bytes and its rows. */
function randomParquet({ below, next, pick }) {
  const rows = 1 + below(20);
  const rowsOf = (make) => Array.from({ length: rows }, (_, row) => make(row));
  const dim = 1 + below(6);
  const vectors = rowsOf(() => Array.from({ length: dim }, () => Math.fround(next() - 0.5)));
  const isBinary = pick([true, false]);
  const ids = rowsOf((row) => `item ${row}`);
  const counts = rowsOf((row) => BigInt(row) ** 3n);
  const bytes = parquet(
    {
      id: ids,
      vector: isBinary
        ? vectors.map((vector) => new Uint8Array(Float32Array.from(vector).buffer))
        : vectors,
      meta: counts.map((count) => ({ count })),
    },
    [
      text("id"),
      isBinary ? fixed("vector", 4 * dim) : list("vector", { type: "FLOAT" }),
      struct("meta", { name: "count", type: "INT64", repetition_type: "OPTIONAL" }),
    ],
    { codec: pick(CODECS), rowGroupSize: 1 + below(rows), pageSize: pick([64, 1 << 20]) },
  );
  const expected = rowsOf((row) => ({
    id: ids[row],
    vector: vectors[row],
    meta: { count: Number(counts[row]) },
  }));
  return { bytes, expected };
}

/** A valid Arrow file or stream: its bytes and its rows. */
function randomArrow({ below, pick }) {
  const rows = 1 + below(20);
  const rowsOf = (make) => Array.from({ length: rows }, (_, row) => make(row));
  const dim = 1 + below(6);
  // Eighths: float16 represents them.
  const vectors = rowsOf(() => Array.from({ length: dim }, () => (below(2000) - 1000) / 8));
  const ids = rowsOf((row) => `item ${row}`);
  const number = pick([float16, float32]);
  const vector = pick([listOf(number()), fixedSizeList(number(), dim)]);
  const table = tableFromArrays(
    { id: ids, vector: vectors, meta: rowsOf((row) => ({ count: BigInt(row) ** 3n })) },
    { types: { vector, meta: structOf({ count: int64() }) }, maxBatchRows: 1 + below(rows) },
  );
  setCompressionCodec(CompressionType.LZ4_FRAME, {
    encode(bytes) {
      const output = new Uint8Array(compressBound(bytes.length) + 64);
      return output.subarray(0, compressFrame(bytes, output));
    },
    decode: () => new Uint8Array(),
  });
  const codec = pick([undefined, CompressionType.LZ4_FRAME]);
  const bytes = tableToIPC(table, { format: pick(["file", "stream"]), codec });
  const expected = rowsOf((row) => ({
    id: ids[row],
    vector: vectors[row],
    meta: { count: row ** 3 },
  }));
  return { bytes: Buffer.from(bytes), expected };
}

async function decode(bytes) {
  const source = {
    byteLength: bytes.length,
    slice: (start, end = bytes.length) => new Uint8Array(bytes.subarray(start, end)).buffer,
  };
  const options = { vector: "vector", binary: "float32", onNote() {} };
  const open = format === "arrow" ? openArrow : openParquet;
  const { groups } = await open(source, options);
  const rows = [];
  for (const group of groups) rows.push(...(await group.read()));
  return rows;
}

process.on("message", async ({ seed, isMutated }) => {
  const random = randomFrom(seed);
  const { bytes, expected } = format === "arrow" ? randomArrow(random) : randomParquet(random);
  const plain = (rows) => JSON.stringify(rows.map((row) => ({ ...row, vector: [...row.vector] })));
  try {
    const rows = await decode(isMutated ? mutate(bytes, random) : bytes);
    if (isMutated) process.send({ outcome: "read" });
    else process.send({ outcome: plain(rows) === plain(expected) ? "equal" : "different" });
  } catch (error) {
    process.send({ outcome: isMutated && error instanceof Error ? "refused" : `${error?.stack}` });
  }
});
process.on("disconnect", () => process.exit());

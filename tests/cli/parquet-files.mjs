// Parquet files as pyarrow, Spark and Hugging Face write them: every codec, nested and binary
// columns.
import { brotliCompressSync, gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";

/** A Zstandard frame of one raw block (RFC 8878). */
function zstd(bytes) {
  const header = Buffer.alloc(9);
  header.writeUInt32LE(0xfd2fb528, 0);
  header[4] = 0b10100000; // single segment, content size of 4 bytes
  header.writeUInt32LE(bytes.length, 5);
  const block = Buffer.alloc(3);
  block.writeUIntLE((bytes.length << 3) | 1, 0, 3); // raw and last
  return Buffer.concat([header, block, bytes]);
}

/** An LZ4 block of literals. */
function lz4(bytes) {
  if (bytes.length < 15) return Buffer.concat([Buffer.of(bytes.length << 4), bytes]);
  const length = [];
  for (let rest = bytes.length - 15; ; rest -= 255) {
    length.push(Math.min(rest, 255));
    if (rest < 255) break;
  }
  return Buffer.concat([Buffer.of(0xf0, ...length), bytes]);
}

const compressors = {
  GZIP: (bytes) => gzipSync(bytes),
  BROTLI: (bytes) => brotliCompressSync(bytes),
  ZSTD: zstd,
  LZ4_RAW: lz4,
};
export const CODECS = ["UNCOMPRESSED", "SNAPPY", ...Object.keys(compressors)];

const root = (children) => ({ name: "schema", num_children: children });
export const text = (name) => ({
  name,
  type: "BYTE_ARRAY",
  converted_type: "UTF8",
  repetition_type: "OPTIONAL",
});
/** The schema of a list of `element`. */
export const list = (name, element) => [
  { name, num_children: 1, repetition_type: "OPTIONAL", converted_type: "LIST" },
  { name: "list", num_children: 1, repetition_type: "REPEATED" },
  { name: "element", repetition_type: "OPTIONAL", ...element },
];
export const struct = (name, ...children) => [
  { name, num_children: children.length, repetition_type: "OPTIONAL" },
  ...children,
];
export const fixed = (name, length) => ({
  name,
  type: "FIXED_LEN_BYTE_ARRAY",
  type_length: length,
  repetition_type: "REQUIRED",
});

/** The bytes of a file with these columns; `schemas` has the elements of each. */
export function parquet(columns, schemas, options = {}) {
  const columnData = Object.entries(columns).map(([name, data]) => ({ name, data }));
  const schema = [root(schemas.length), ...schemas.flat()];
  return Buffer.from(parquetWriteBuffer({ columnData, schema, compressors, ...options }));
}

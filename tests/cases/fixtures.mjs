// Writes the input files of the cases into a folder: files as people and programs write them.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fixed, list, parquet, struct, text } from "../cli/parquet-files.mjs";

/** Six items of four dimensions, whose values float32 represents exactly. */
export const items = Array.from({ length: 6 }, (_, row) => ({
  id: `item-${row}`,
  vector: [0, 1, 2, 3].map((axis) => Math.fround(Math.sin(7 * row + axis + 1))),
}));
const ids = items.map(({ id }) => id);
const vectors = items.map(({ vector }) => vector);
const lines = (objects) => objects.map((object) => `${JSON.stringify(object)}\n`).join("");
const float32 = (vector) => new Uint8Array(Float32Array.from(vector).buffer);
const floats = list("vector", { type: "FLOAT" });

/** The array in Fortran order, as np.save writes a transposed one. */
function transposedNpy() {
  const text = "{'descr': '<f8', 'fortran_order': True, 'shape': (6, 4), }";
  const header = Buffer.from(`${text.padEnd(117)}\n`);
  const values = [0, 1, 2, 3].flatMap((axis) => vectors.map((vector) => vector[axis]));
  return Buffer.concat([
    Buffer.from("\x93NUMPY\x01\x00", "latin1"),
    Buffer.from(Uint16Array.of(header.length).buffer),
    header,
    Buffer.from(Float64Array.from(values).buffer),
  ]);
}

const SECONDS = [1760000000, 1760086400, 1760172800, 1760259200];
const EMOJI = ["1F355", "26BD", "1F436", "1F431"];
const wideVector = (row) =>
  Array.from({ length: 1536 }, (_, axis) => Math.sin(row + axis).toFixed(6));

/** The contents of each file. */
const CONTENTS = {
  "decimal-comma.csv":
    "id;vector\nitem-0;0,001 0,299 -0,274 -0,891\nitem-1;-0,455 -0,992 0,06 1,34\n",
  "mixed-separators.csv": 'id,vector\na,"0,1 0,2"\n',
  "fixed-bytes.parquet": parquet({ id: ids, vector: vectors.map(float32) }, [
    text("id"),
    fixed("vector", 16),
  ]),
  "odd-bytes.parquet": parquet({ id: ["a"], vector: [Uint8Array.of(1, 2, 3)] }, [
    text("id"),
    fixed("vector", 3),
  ]),
  "seconds.jsonl": lines(SECONDS.map((at, row) => ({ item: EMOJI[row], at }))),
  "milliseconds.jsonl": lines(SECONDS.map((at, row) => ({ item: EMOJI[row], at: at * 1000 }))),
  "microseconds.jsonl": lines(SECONDS.map((at, row) => ({ item: EMOJI[row], at: at * 1e6 }))),
  "two-units.jsonl": lines(SECONDS.map((at, row) => ({ item: EMOJI[row], at: at * 1000 ** row }))),
  "30-february.jsonl": lines([{ item: "1F355", at: "2021-02-30" }]),
  "hexadecimal.jsonl": lines([{ item: "1F355", at: "0x10" }]),
  "date-as-digits.jsonl": lines([{ item: "1F355", at: 20251004 }]),
  "transposed.npy": transposedNpy(),
  "ids.txt": `${ids.join("\n")}\n`,
  "struct-int64.parquet": parquet(
    { id: ids, vector: vectors, meta: ids.map((_, row) => ({ count: BigInt(row) })) },
    [
      text("id"),
      floats,
      struct("meta", { name: "count", type: "INT64", repetition_type: "OPTIONAL" }),
    ],
  ),
  "zstd.parquet": parquet({ id: ids, vector: vectors }, [text("id"), floats], { codec: "ZSTD" }),
  "gzip.parquet": parquet({ id: ids, vector: vectors }, [text("id"), floats], { codec: "GZIP" }),
  "pandas-index.csv": `,id,label,vector\n${items
    .map(({ id, vector }, row) => `${row},${id},label ${row},"${JSON.stringify(vector)}"\n`)
    .join("")}`,
  "wide-without-header.csv": [0, 1, 2]
    .map((row) => `doc${row},"[${wideVector(row).join(",")}]"\n`)
    .join(""),
  "openai.json": JSON.stringify({
    object: "list",
    data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
    model: "text-embedding-3-small",
  }),
  "array.json": JSON.stringify(items),
  "pinecone.jsonl": lines(
    items.map(({ id, vector }, row) => ({
      id,
      values: vector,
      metadata: { genre: row % 2 ? "comedy" : "drama", year: 2000 + row },
    })),
  ),
  "glove.txt": items.map(({ vector }, row) => `${"the,.'sa"[row]} ${vector.join(" ")}\n`).join(""),
  "fasttext.vec": `6 4\n${items.map(({ id, vector }) => `${id} ${vector.join(" ")}\n`).join("")}`,
  "recbole.inter":
    "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" +
    "u1\t1F355\t5.0\t1387670400\nu1\t26BD\t4.0\t1378857600\n",
  "ga4.jsonl": lines([
    {
      event_date: "20251001",
      event_timestamp: "1759300000123456",
      event_name: "view_item",
      items: [{ item_id: "1F355", item_name: "x" }],
    },
  ]),
  "segment.jsonl": lines([
    {
      type: "track",
      event: "Product Viewed",
      messageId: "m1",
      timestamp: "2025-10-01T10:00:00.123Z",
      properties: { product_id: "1F355" },
    },
  ]),
  "big-id.jsonl": '{"id": 9007199254740993, "vector": [1, 2]}\n',
};

/** Writes all files into a temporary folder, which is deleted after the tests. */
export async function writeFixtures() {
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-cases-"));
  after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, contents] of Object.entries(CONTENTS))
    await writeFile(join(folder, name), contents);
  return (name) => join(folder, name);
}

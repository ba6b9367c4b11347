/** Items from Parquet, read by hyparquet, which is loaded only when such a file comes; one group of rows is in memory at a time. */
import { InputError, messageOf } from "../command-error.js";
import type { Row } from "./row.js";

/** The rows of the file. Columns are fields; a column of lists of numbers is a vector. */
export async function* readParquetRows(
  file: string,
  onShare: (share: number) => void,
): AsyncGenerator<Row> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import(
    "hyparquet"
  );
  const within = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const advice = "Uncompressed and Snappy files can be read";
      throw new InputError(`${file}: cannot be read as Parquet: ${messageOf(error)}. ${advice}.`);
    }
  };
  const bytes = await within(() => asyncBufferFromFile(file));
  const metadata = await within(() => parquetMetadataAsync(bytes));
  const total = Number(metadata.num_rows);
  let start = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const [rowStart, rowEnd] = [start, start + Number(count)];
    const rows = await within(() =>
      parquetReadObjects({ file: bytes, metadata, rowStart, rowEnd }),
    );
    for (const [at, fields] of rows.entries())
      yield { place: `${file}: row ${start + at}`, fields: plain(fields) };
    start = rowEnd;
    onShare(start / total);
  }
}

/** What JSON can hold: 64-bit whole numbers as numbers, or as digits where they are too large; dates as ISO texts; no field where there is no value. */
function plain(fields: Record<string, unknown>): Record<string, unknown> {
  const one = (value: unknown): unknown => {
    if (typeof value === "bigint")
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
    return Array.isArray(value) ? value.map(one) : value;
  };
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value != null)
      .map(([name, value]) => [name, one(value)]),
  );
}

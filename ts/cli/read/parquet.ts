/**
 * Items from Parquet, parsed by hyparquet, which is imported only for Parquet input. One row group
 * is in memory at a time.
 */
import { InputError, messageOf } from "../command-error.js";
import type { Row } from "./row.js";

/** The rows of the file; columns are fields. `onProgress` receives the share read, from 0 to 1. */
export async function* readParquetRows(
  file: string,
  onProgress: (share: number) => void,
): AsyncGenerator<Row> {
  const hyparquet = await import("hyparquet");
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = hyparquet;
  const withParquetErrors = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw new InputError(
        `${file}: cannot be read as Parquet: ${messageOf(error)}. ` +
          "Supported compression: none or Snappy.",
      );
    }
  };
  const buffer = await withParquetErrors(() => asyncBufferFromFile(file));
  const metadata = await withParquetErrors(() => parquetMetadataAsync(buffer));
  const totalRows = Number(metadata.num_rows);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const range = { file: buffer, metadata, rowStart, rowEnd };
    const rows = await withParquetErrors(() => parquetReadObjects(range));
    for (const [index, fields] of rows.entries())
      yield { location: `${file}: row ${rowStart + index}`, fields: toJsonFields(fields) };
    rowStart = rowEnd;
    onProgress(rowStart / totalRows);
  }
}

/**
 * The fields with values that JSON can represent: 64-bit integers as numbers if they are safe
 * integers, else as strings of digits; typed arrays as arrays; missing values left out.
 */
function toJsonFields(fields: Record<string, unknown>): Record<string, unknown> {
  const toJsonValue = (value: unknown): unknown => {
    if (typeof value === "bigint")
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
    return Array.isArray(value) ? value.map(toJsonValue) : value;
  };
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value != null)
      .map(([name, value]) => [name, toJsonValue(value)]),
  );
}

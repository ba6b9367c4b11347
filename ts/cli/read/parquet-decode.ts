/**
 * The rows of a Parquet file, parsed by hyparquet and hyparquet-compressors. Imported by the
 * process of columnar.ts only: a damaged file can make the decoder loop or allocate without end.
 */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Compressors } from "hyparquet-compressors";
import {
  type ByteSource,
  type ColumnarFile,
  type DecodeOptions,
  type RowGroup,
  toJsonFields,
} from "./columnar-values.js";

/** Maximum uncompressed bytes of a page; writers use about 1 MB. */
const MAX_PAGE_BYTES = 1 << 28;
/** Maximum number of rows of a row group; writers use at most 1,048,576. */
const MAX_GROUP_ROWS = 1 << 27;

/** Opens a Parquet file: reads the metadata in its footer, but no rows. */
export async function openParquet(file: ByteSource, options: DecodeOptions): Promise<ColumnarFile> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const metadata = await parquetMetadataAsync(file);
  let firstRow = 0;
  const groups = metadata.row_groups.map((group): RowGroup => {
    const rowStart = firstRow;
    const rows = Number(group.num_rows);
    if (!(rows >= 0 && rows <= MAX_GROUP_ROWS))
      throw new Error(`a row group of ${rows} rows, expected at most ${MAX_GROUP_ROWS}`);
    firstRow += rows;
    const columns = group.columns.map((column) => Number(column.meta_data?.total_compressed_size));
    return {
      firstRow: rowStart,
      rows,
      compressedBytes: columns.reduce((sum, bytes) => sum + (bytes || 0), 0),
      async read() {
        const objects = await parquetReadObjects({
          file,
          metadata,
          rowStart,
          rowEnd: rowStart + rows,
          compressors: limitDecompression(compressors),
          utf8: false,
        });
        if (objects.length !== rows)
          throw new Error(`a row group has ${objects.length} rows, expected ${rows}`);
        return objects.map((fields) => toJsonFields(fields, options));
      },
    };
  });
  return { groups };
}

/** Limits the size of decompressed pages; gzip and Brotli are decompressed by Node. */
function limitDecompression(compressors: Compressors): Compressors {
  const limitedCompressors: Compressors = {
    ...compressors,
    GZIP: (bytes, length) => gunzipSync(bytes, { maxOutputLength: Math.max(1, length) }),
    BROTLI: (bytes, length) =>
      brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, length) }),
  };
  return Object.fromEntries(
    Object.entries(limitedCompressors).map(([codec, decompress]) => [
      codec,
      (bytes: Uint8Array, length: number) => {
        if (!(length >= 0 && length <= MAX_PAGE_BYTES))
          throw new Error(`a page of ${length} bytes, expected at most ${MAX_PAGE_BYTES}`);
        return decompress(bytes, length);
      },
    ]),
  );
}

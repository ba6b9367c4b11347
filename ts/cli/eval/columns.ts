/**
 * Long arrays whose memory is freed when they are no longer used. The garbage collector frees
 * arrays of other sizes late, as it counts only the memory of its own heap.
 */

type Column = Float64Array | Int32Array | Uint32Array | Uint8Array;
type ColumnType<T extends Column> = {
  new (buffer: ArrayBuffer): T;
  readonly BYTES_PER_ELEMENT: number;
};

/** A column of `length` zeros. */
export function allocateColumn<T extends Column>(Type: ColumnType<T>, length: number): T {
  const byteLength = length * Type.BYTES_PER_ELEMENT;
  const buffer = new ArrayBuffer(byteLength, { maxByteLength: byteLength });
  const column = new Type(buffer);
  return column.subarray(0, length) as T;
}

/** Frees the memory of a column, of all views of it too; their length is 0 then. */
export function freeColumn(column: Column | undefined): void {
  const { buffer } = column ?? {};
  if (buffer instanceof ArrayBuffer && buffer.resizable) buffer.resize(0);
}

/** Catalogue items from a file: an id, a vector, and the other fields of the row as the payload. */
import { extname } from "node:path";
import { InputError } from "../command-error.js";
import { readId, readVector } from "./fields.js";
import { readNpyRows } from "./npy.js";
import { readParquetRows } from "./parquet.js";
import type { Row } from "./row.js";
import { displayName } from "./stream.js";
import { readRows } from "./text-rows.js";

/** An item of a file: a `CatalogueItem` whose vector is a Float32Array. */
export type FileItem = readonly [item: string, vector: Float32Array, payload?: unknown];

export interface ItemFileOptions {
  /** Name of the field with the id. */
  readonly id: string;
  /** Name of the field with the vector. */
  readonly vector: string;
  /** File of the ids for vectors from a .npy file. */
  readonly ids?: string | undefined;
  /** Length of the file in bytes, for `onProgress`; 0 if unknown. */
  readonly length: number;
  /** Receives the number of items read so far. */
  readonly onItem: (count: number) => void;
  /** Receives the share of the file read so far, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/**
 * All items of the file, at least one, and the length of their vectors. Rejects with an InputError
 * that has the location of the first invalid row, of a repeated id, or of a vector of another
 * length.
 */
export async function readItems(
  file: string,
  options: ItemFileOptions,
): Promise<{ items: FileItem[]; dim: number }> {
  const { id: idField, vector: vectorField, onItem } = options;
  const items: FileItem[] = [];
  const locations = new Map<string, string>();
  let first = { dim: 0, location: "" };
  for await (const row of readFile(file, options)) {
    const { location } = row;
    const item = readId(row, idField);
    const earlier = locations.get(item);
    if (earlier)
      throw new InputError(
        `${location}: the id "${item}" is not unique: it is also at ${earlier}.`,
      );
    locations.set(item, location);
    const vector = readVector(row, vectorField);
    if (items.length === 0) first = { dim: vector.length, location };
    if (vector.length !== first.dim)
      throw new InputError(
        `${location}: ${vectorField}: the vector has ${vector.length} components, ` +
          `expected ${first.dim}, as at ${first.location}.`,
      );
    const { [idField]: _id, [vectorField]: _vector, ...payload } = row.fields;
    items.push(Object.keys(payload).length > 0 ? [item, vector, payload] : [item, vector]);
    onItem(items.length);
  }
  if (items.length === 0)
    throw new InputError(
      `${displayName(file)}: no items. ` +
        `Expected JSON lines or CSV with the fields ${idField} and ${vectorField}.`,
    );
  return { items, dim: first.dim };
}

/** The rows of the file; its extension selects the format. */
function readFile(
  file: string,
  { id, vector, ids, onProgress, length }: ItemFileOptions,
): AsyncIterable<Row> {
  const extension = extname(file).toLowerCase();
  if (extension === ".npy") return readNpyRows(file, { id, vector, ids, onProgress });
  if (ids !== undefined)
    throw new InputError(
      `${displayName(file)}: --ids is for vectors from a .npy file. ` +
        `Put the ids of this file into its field "${id}" instead.`,
    );
  if (extension === ".parquet") return readParquetRows(file, onProgress);
  return readRows(file, (bytesRead) => length > 0 && onProgress(bytesRead / length));
}

/** Items of a catalogue, from a file: an id, a vector, and everything else on the line as the payload. */
import { extname } from "node:path";
import type { CatalogueItem } from "../../catalogue/catalogue.js";
import { InputError } from "../command-error.js";
import { readId, readVector } from "./fields.js";
import { readNpyRows } from "./npy.js";
import { readParquetRows } from "./parquet.js";
import type { Row } from "./row.js";
import { nameOf } from "./stream.js";
import { readRows } from "./text-rows.js";

/** What the fields are called, where the ids of bare vectors are, and who wants to know how far we are, in items and from 0 to 1. */
export interface ItemOptions {
  readonly id: string;
  readonly vector: string;
  readonly ids?: string | undefined;
  readonly onItem: (count: number) => void;
  readonly onShare: (share: number) => void;
  readonly length: number;
}

/** All items of the file, their vectors of one length. An item that is there twice, or a vector of another length, names its line. */
export async function readItems(
  file: string,
  options: ItemOptions,
): Promise<{ items: CatalogueItem[]; dim: number }> {
  const { id, vector, onItem } = options;
  const items: CatalogueItem[] = [];
  const seen = new Map<string, string>();
  let first = { dim: 0, place: "" };
  for await (const row of rowsOf(file, options)) {
    const item = readId(row, id);
    const before = seen.get(item);
    if (before)
      throw new InputError(
        `${row.place}: the item "${item}" is there already, at ${before}. An id names one item.`,
      );
    seen.set(item, row.place);
    const numbers = readVector(row, vector);
    if (items.length === 0) first = { dim: numbers.length, place: row.place };
    if (numbers.length !== first.dim) {
      const expected = `expected ${first.dim}, as at ${first.place}`;
      throw new InputError(
        `${row.place}: ${vector}: the vector has ${numbers.length} numbers, ${expected}.`,
      );
    }
    const { [id]: _id, [vector]: _vector, ...payload } = row.fields;
    items.push(Object.keys(payload).length > 0 ? [item, numbers, payload] : [item, numbers]);
    onItem(items.length);
  }
  if (items.length === 0) {
    throw new InputError(
      `${nameOf(file)}: there are no items. Expected JSON lines or CSV with the fields ${id} and ${vector}.`,
    );
  }
  return { items, dim: first.dim };
}

function rowsOf(
  file: string,
  { id, vector, ids, onShare, length }: ItemOptions,
): AsyncIterable<Row> {
  const extension = extname(file).toLowerCase();
  if (extension === ".npy") return readNpyRows(file, { id, vector, ids, onShare });
  if (ids !== undefined)
    throw new InputError(
      `${nameOf(file)}: --ids goes with vectors from a .npy file; here the ids are in the field "${id}".`,
    );
  if (extension === ".parquet") return readParquetRows(file, onShare);
  return readRows(file, (read) => length > 0 && onShare(read / length));
}

/** Items of a catalogue, from a file: an id, a vector, and everything else on the line as the payload. */
import type { CatalogueItem } from "../../catalogue.js";
import { InputError } from "../failure.js";
import { readId, readVector } from "./fields.js";
import { readRows } from "./rows.js";
import { nameOf } from "./text.js";

/** What the fields are called, and who wants to know how far we are. */
export interface ItemOptions {
  readonly id: string;
  readonly vector: string;
  readonly onItem: (count: number) => void;
}

/** All items of the file, their vectors of one length. An item that is there twice, or a vector of another length, names its line. */
export async function readItems(file: string, { id, vector, onItem }: ItemOptions): Promise<{ items: CatalogueItem[]; dim: number }> {
  const items: CatalogueItem[] = [];
  const seen = new Map<string, string>();
  let first = { dim: 0, place: "" };
  for await (const row of readRows(file)) {
    const item = readId(row, id);
    const before = seen.get(item);
    if (before) throw new InputError(`${row.place}: the item "${item}" is there already, at ${before}. An id names one item.`);
    seen.set(item, row.place);
    const numbers = readVector(row, vector);
    if (items.length === 0) first = { dim: numbers.length, place: row.place };
    if (numbers.length !== first.dim) {
      const expected = `expected ${first.dim}, as at ${first.place}`;
      throw new InputError(`${row.place}: ${vector}: the vector has ${numbers.length} numbers, ${expected}.`);
    }
    const { [id]: _id, [vector]: _vector, ...payload } = row.fields;
    items.push(Object.keys(payload).length > 0 ? [item, numbers, payload] : [item, numbers]);
    onItem(items.length);
  }
  if (items.length === 0) {
    throw new InputError(`${nameOf(file)}: there are no items. Expected JSON lines or CSV with the fields ${id} and ${vector}.`);
  }
  return { items, dim: first.dim };
}

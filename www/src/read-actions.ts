/** Actions from a file of the user: rows of item and time, as `pocketsage recommend` reads them. */
import type { Action, ItemId } from "pocketsage";
import { readRows } from "./read-rows.js";

const ITEM_FIELDS = ["item", "item_id", "id"];
const TIME_FIELDS = ["at", "time", "timestamp"];
/** Unix times below this are in seconds: in milliseconds it is a day of 1973. */
const MAX_SECONDS = 1e11;
/** Number of first bytes that decide whether a file is text, and whether its rows have vectors. */
const TEXT_CHECK_BYTES = 512;
const ROW_CHECK_BYTES = 4096;

export interface ReadActions {
  actions: (Action & { at: number })[];
  /** Rows whose item is not in the catalogue. */
  unknown: number;
}

/** Whether the bytes of a file are text, and so no export of the page. */
export function isText(bytes: Uint8Array): boolean {
  return !bytes.subarray(0, TEXT_CHECK_BYTES).some((byte) => byte < 9 || (byte > 13 && byte < 32));
}

/** Whether a text file has vectors, and so is a catalogue: by its first row. */
export function hasVectors(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, ROW_CHECK_BYTES));
  return /"(vector|embedding|values)"\s*:|(^|,)"?(vector|embedding|values|\w*?0)"?(,|\r?\n)/m.test(
    start,
  );
}

/** Times are made distinct, for undo. Throws an Error in plain words if no row has an item. */
export function readActions(
  bytes: Uint8Array,
  isKnown: (item: ItemId) => boolean,
  now = Date.now(),
): ReadActions {
  const rows = readRows(new TextDecoder().decode(bytes));
  const columns = Object.keys(rows[0] ?? {});
  const itemField = ITEM_FIELDS.find((field) => columns.includes(field));
  if (itemField === undefined)
    throw new Error(`No column of items: expected ${ITEM_FIELDS[0]}, saw ${columns.join(", ")}`);
  const timeField = TIME_FIELDS.find((field) => columns.includes(field));
  const usedTimes = new Set<number>();
  const actions = rows.flatMap((row, index) => {
    const item = String(row[itemField]);
    if (!isKnown(item)) return [];
    let at = timeField === undefined ? now - (rows.length - index) : timeOf(row[timeField], now);
    while (usedTimes.has(at)) at += 1;
    usedTimes.add(at);
    const weight = Number(row.weight);
    return [{ item, at, ...(row.weight !== undefined && weight > 0 && { weight }) }];
  });
  return { actions, unknown: rows.length - actions.length };
}

/** Milliseconds since 1970 of an ISO 8601 time, or of seconds or milliseconds; else `now`. */
function timeOf(value: unknown, now: number): number {
  const number = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  if (Number.isFinite(number)) return Math.round(number < MAX_SECONDS ? number * 1000 : number);
  const parsed = Date.parse(String(value));
  return Number.isFinite(parsed) ? parsed : now;
}

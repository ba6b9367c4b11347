/**
 * The catalogue of the user: read from a file in the worker, built if it is not a `.sage` file, and
 * kept in IndexedDB of this browser. It is never sent.
 */
import { Catalogue, type CatalogueItem } from "pocketsage";
import { type Row, readRows } from "./read-rows.js";

const DATABASE = "pocketsage-page";
const TABLE = "catalogues";
const KEY = "own";
const ID_FIELDS = ["id", "item", "item_id", "key", "slug", "name"];
const VECTOR_FIELDS = ["vector", "embedding", "values"];
/** One component per column: d0, d1, ... or v_0, ... */
const COMPONENT = /^[a-z]*_?(\d+)$/i;
/** Fields that become attributes, so that variants are grouped. */
const ATTRIBUTES = ["variantOf"];

/** The description of an imported catalogue, which the page keeps to open it again. */
export interface OwnCatalogue {
  name: string;
  size: number;
  dim: number;
  hash: string;
}

/** Reads and stores a file. Throws an Error in plain words if it has no catalogue. */
export async function importCatalogue(name: string, bytes: Uint8Array): Promise<OwnCatalogue> {
  const isSage = /\.sage$/i.test(name);
  const catalogue = isSage ? await Catalogue.fromBytes(bytes) : await buildCatalogue(bytes);
  const storedBytes = isSage ? bytes : catalogue.toBytes();
  await withTable("readwrite", (table) => table.put(storedBytes, KEY));
  const { size, dim, hash } = catalogue;
  catalogue.close();
  return { name, size, dim, hash };
}

/** The stored catalogue. Throws an Error if there is none. */
export async function openOwnCatalogue(): Promise<Catalogue> {
  const bytes = await withTable<Uint8Array | undefined>("readonly", (table) => table.get(KEY));
  if (bytes === undefined) throw new Error("No catalogue of your own is stored in this browser");
  return Catalogue.fromBytes(bytes);
}

async function buildCatalogue(bytes: Uint8Array): Promise<Catalogue> {
  const rows = readRows(new TextDecoder().decode(bytes));
  const [first] = rows;
  if (first === undefined) throw new Error("The file has no rows");
  const idField = ID_FIELDS.find((field) => field in first);
  if (idField === undefined)
    throw new Error(
      `No column of ids: expected ${ID_FIELDS[0]}, saw ${Object.keys(first).join(", ")}`,
    );
  const readVector = vectorReader(first);
  const items = rows.map((row): CatalogueItem => {
    const { vector, payload } = readVector(row);
    delete payload[idField];
    return [String(row[idField]), vector, payload];
  });
  const dim = (items[0]?.[1] as number[] | undefined)?.length ?? 0;
  const attributes = ATTRIBUTES.filter((field) => field in first);
  return Catalogue.from(items, { dim, precision: "compact", attributes });
}

/** Returns a function that splits a row into its vector and the rest. */
function vectorReader(
  first: Row,
): (row: Row) => { vector: number[]; payload: Record<string, unknown> } {
  const field = VECTOR_FIELDS.find((name) => name in first);
  if (field !== undefined)
    return (row) => {
      const { [field]: value, ...payload } = row;
      return { vector: componentsOf(value), payload };
    };
  const columns = Object.keys(first).filter((name) => COMPONENT.test(name));
  if (columns.length < 2)
    throw new Error(
      `No vectors: expected a field named ${VECTOR_FIELDS.join(" or ")}, or columns d0, d1, …; ` +
        `saw ${Object.keys(first).slice(0, 8).join(", ")}`,
    );
  return (row) => ({
    vector: columns.map((name) => Number(row[name])),
    payload: Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name))),
  });
}

/** A list of numbers, or the text of one: "[0.1, 0.2]" or "0.1 0.2". */
function componentsOf(value: unknown): number[] {
  if (Array.isArray(value)) return value.map(Number);
  return String(value)
    .replaceAll(/[[\]]/g, " ")
    .split(/[\s,;|]+/)
    .filter((part) => part !== "")
    .map(Number);
}

async function withTable<T>(
  mode: IDBTransactionMode,
  run: (table: IDBObjectStore) => IDBRequest,
): Promise<T> {
  const opening = indexedDB.open(DATABASE);
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
  const database = await resultOf(opening);
  try {
    return (await resultOf(run(database.transaction(TABLE, mode).objectStore(TABLE)))) as T;
  } finally {
    database.close();
  }
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

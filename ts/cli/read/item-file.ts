/** Catalogue items from a file: an id, a vector, and the other fields of the row as the payload. */
import { extname } from "node:path";
import type { Metric } from "../../catalogue/options.js";
import { inspect } from "../../values/check.js";
import { LIMITS } from "../../values/limits.js";
import { InputError } from "../command-error.js";
import { readCatalogue } from "./catalogue-file.js";
import { columnarFormatOf } from "./columnar.js";
import { isNumberLines, readNumberLines } from "./csv.js";
import { namesColumns, readPath, withoutPath } from "./field-path.js";
import { columnsOf, readId, readVector, toId, toNumber, toVector } from "./fields.js";
import { joinIds, readIds } from "./ids-file.js";
import { detectExport, type ExportFormat } from "./json-exports.js";
import { readNpyRows } from "./npy.js";
import { openRows, type RowOptions, readTextRows, textFormatOf } from "./open-rows.js";
import { listNames, type Row } from "./row.js";
import { readSafetensorsRows } from "./safetensors.js";
import {
  displayName,
  openText,
  readText,
  rejectUnreadableFile,
  type TextSource,
} from "./stream.js";

/** An item of a file: a `CatalogueItem` whose vector is a Float32Array. */
export type FileItem = readonly [
  item: string,
  vector: Float32Array,
  payload?: unknown,
  prior?: number | undefined,
];

/** A payload field that filters can use. */
export interface AttributeOption {
  readonly name: string;
  /** Its text is converted to numbers. */
  readonly isNumeric: boolean;
}

export interface ItemFileOptions extends Omit<RowOptions, "onBytes" | "onShare"> {
  /** File of the ids of vectors that have none. */
  readonly ids?: string | undefined;
  readonly attributes: readonly AttributeOption[];
  /** The field of the prior. It becomes no part of the payload, unless it is an attribute. */
  readonly prior?: string | undefined;
  /** Whether rows may lack a vector; theirs then has no components. */
  readonly vectorIsOptional?: boolean;
  /** Length of the file in bytes, for `onProgress`; 0 if unknown. */
  readonly length: number;
  /** Receives the number of items read so far. */
  readonly onItem: (count: number) => void;
  /** Receives the share of the file read so far, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

export interface ItemFile {
  readonly items: FileItem[];
  /** Length of the vectors; 0 if no item has one. */
  readonly dim: number;
  /** Where the item at an index was read. */
  readonly locationOf: (index: number) => string;
  /** Metric and attributes of a catalogue that was read. */
  readonly metric?: Metric;
  /** The name of the vector space of a catalogue. */
  readonly space?: string | undefined;
  readonly attributes?: readonly string[];
}

interface Item {
  readonly location: string;
  readonly item: string;
  readonly vector: Float32Array;
  readonly payload: Record<string, unknown>;
  readonly decimalComma?: boolean | undefined;
}

/**
 * All items of the file, at least one. Rejects with an InputError that has the location of the
 * first invalid row, of a repeated id, or of a vector of another length.
 */
export async function readItems(file: string, options: ItemFileOptions): Promise<ItemFile> {
  if (extname(file).toLowerCase() === ".sage") return readCatalogueItems(file, options);
  const items: FileItem[] = [];
  const locations = new Map<string, string>();
  const foundAttributes = new Set<string>();
  const payloadFields = new Set<string>();
  let firstItem = { dim: 0, location: "" };
  let hasPrior = false;
  for await (const entry of readEntries(file, options)) {
    const { location, item, vector } = entry;
    const earlierLocation = locations.get(item);
    if (earlierLocation)
      throw new InputError(
        `${location}: the id ${inspect(item)} is not unique: it is also at ${earlierLocation}. ` +
          "Remove one of the items or change its id.",
      );
    locations.set(item, location);
    if (firstItem.dim === 0) firstItem = { dim: vector.length, location };
    if (vector.length > 0 && vector.length !== firstItem.dim)
      throw new InputError(
        `${location}: ${options.vector}: the vector has ${vector.length} components, ` +
          `expected ${firstItem.dim}, as at ${firstItem.location}. Repair or remove the item.`,
      );
    for (const attribute of options.attributes)
      if (readAttribute(entry, attribute)) foundAttributes.add(attribute.name);
    if (payloadFields.size < 100)
      for (const name of Object.keys(entry.payload)) payloadFields.add(name);
    const prior = readPrior(entry, options.prior);
    if (prior !== undefined) hasPrior = true;
    const isAttribute = options.attributes.some(({ name }) => name === options.prior);
    const payload =
      options.prior === undefined || isAttribute
        ? entry.payload
        : withoutPath(entry.payload, options.prior);
    const storedPayload = Object.keys(payload).length > 0 ? payload : undefined;
    items.push([item, vector, storedPayload, prior]);
    options.onItem(items.length);
  }
  if (items.length === 0)
    throw new InputError(
      `${displayName(file)}: no items. ` +
        `Expected JSON lines or CSV with the fields ${options.id} and ${options.vector}.`,
    );
  const missingAttribute = options.attributes.find(({ name }) => !foundAttributes.has(name));
  if (missingAttribute) {
    const { name } = missingAttribute;
    const remedy = name.includes(",")
      ? "Repeat the option, once for each field."
      : "A field in an object is a.b.";
    throw new InputError(
      `${displayName(file)}: --attribute ${name}: no item has the field. ` +
        `Payload fields: ${listNames([...payloadFields])}. ${remedy}`,
    );
  }
  if (options.prior !== undefined && !hasPrior)
    throw new InputError(
      `${displayName(file)}: --prior ${options.prior}: no item has the field. ` +
        `Payload fields: ${listNames([...payloadFields])}. A field in an object is a.b.`,
    );
  const locationList = [...locations.values()];
  return {
    items,
    dim: firstItem.dim,
    locationOf: (index) => locationList[index] ?? displayName(file),
  };
}

/** The items of a catalogue, with their priors. */
async function readCatalogueItems(file: string, options: ItemFileOptions): Promise<ItemFile> {
  rejectIds(file, options);
  if (options.attributes.length > 0 || options.prior !== undefined)
    throw new InputError(
      `${displayName(file)}: --attribute and --prior are for files of items: a catalogue has its ` +
        "attributes and priors already. Leave them out.",
    );
  using catalogue = (await readCatalogue(file)).catalogue;
  const { dim, metric, space } = catalogue;
  const items = Array.from(catalogue.ids(), (item): FileItem => {
    const prior = catalogue.prior(item);
    return [item, catalogue.vector(item)!, catalogue.payload(item), prior || undefined];
  });
  options.onItem(items.length);
  if (items.length === 0)
    throw new InputError(`${displayName(file)}: no items. Expected a catalogue with items.`);
  const locationOf = (index: number): string => `${displayName(file)}: item ${index}`;
  return { items, dim, locationOf, metric, space, attributes: catalogue.attributes() };
}

/** The prior of the item; undefined without the field, which counts as 0. */
function readPrior(entry: Item, field: string | undefined): number | undefined {
  const { location, payload, decimalComma } = entry;
  const value = field === undefined ? undefined : readPath(payload, field);
  if (value === undefined || value === null) return undefined;
  const number = toNumber(value, decimalComma);
  if (number >= 0 && number <= LIMITS.maxPrior) return number;
  throw new InputError(
    `${location}: --prior ${field}: expected a number from 0 to ${LIMITS.maxPrior}, ` +
      `saw ${inspect(value)}. Repair the value, or leave it empty.`,
  );
}

/**
 * Whether the item has the attribute. A field in an object is copied to the payload under its
 * path: attributes are top-level fields.
 */
function readAttribute(entry: Item, { name, isNumeric }: AttributeOption): boolean {
  const { location, payload, decimalComma } = entry;
  const value = readPath(payload, name);
  if (value === undefined || value === null) return false;
  if (!isNumeric) {
    if (!Object.hasOwn(payload, name)) payload[name] = value;
    return true;
  }
  const number = toNumber(value, decimalComma);
  if (!Number.isFinite(number))
    throw new InputError(
      `${location}: --attribute ${name}:number: expected a number, saw ${inspect(value)}. ` +
        "Repair the value, or leave it empty.",
    );
  payload[name] = number;
  return true;
}

async function* readEntries(file: string, options: ItemFileOptions): AsyncGenerator<Item> {
  let format: ExportFormat | undefined;
  let isFirst = true;
  for await (const row of readRows(file, options)) {
    if (isFirst && !hasVector(row, options.vector)) {
      format = detectExport(row);
      if (format) {
        const usesPositions = format.hasPositions && options.ids === undefined;
        const hint = usesPositions ? " Their positions are the ids; --ids FILE gives others." : "";
        options.onNote(`${displayName(file)}: read as ${format.name}.${hint}`);
      }
    }
    isFirst = false;
    if (!format) yield toItem(row, options);
    else yield* readExport(format, row, options);
  }
}

function hasVector({ fields }: Row, vector: string): boolean {
  return namesColumns(vector) || readPath(fields, vector) !== undefined;
}

function toItem(row: Row, { id, vector, vectorIsOptional }: ItemFileOptions): Item {
  const { location, fields, decimalComma } = row;
  const item = readId(row, id);
  const isMissing = vectorIsOptional && !namesColumns(vector) && isEmpty(readPath(fields, vector));
  const values = isMissing ? new Float32Array() : readVector(row, vector);
  const { "": _index, ...payload } = withoutPath(withoutVector(fields, vector), id);
  return { location, item, vector: values, payload, decimalComma };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function withoutVector(fields: Row["fields"], vector: string): Row["fields"] {
  if (!namesColumns(vector) || Object.hasOwn(fields, vector)) return withoutPath(fields, vector);
  const columns = new Set(columnsOf(vector));
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !columns.has(name)));
}

/** The items of an export; --ids replaces ids that are positions. */
async function* readExport(
  format: ExportFormat,
  row: Row,
  options: ItemFileOptions,
): AsyncGenerator<Item> {
  let idRows: Row[] | undefined;
  if (options.ids !== undefined && format.hasPositions) {
    idRows = [];
    for await (const idRow of readIds(options.ids, options)) idRows.push(idRow);
  }
  const parts = format.read(row);
  if (idRows && idRows.length !== parts.length)
    throw new InputError(
      `${displayName(options.ids!)}: expected ${parts.length} ids, one a vector of ` +
        `${row.location}, saw ${idRows.length}.`,
    );
  for (const { location, id, vector, payload } of parts) {
    const values = toVector(`${location}: vector`, vector, false);
    const idRow = idRows?.[id as number];
    if (idRow) yield { ...toItem(withVector(idRow, options.vector, values), options), location };
    else if (idRows)
      throw new InputError(`${location}: the index ${inspect(id)} has no line in --ids.`);
    else
      yield {
        location,
        item: toId(`${location}: id`, id),
        vector: values,
        payload: { ...payload },
      };
  }
}

function withVector(row: Row, field: string, vector: Float32Array): Row {
  return { ...row, fields: { ...row.fields, [field]: vector } };
}

/** The rows of the file; its extension, and the beginning of a text, select the format. */
async function* readRows(file: string, options: ItemFileOptions): AsyncGenerator<Row> {
  const { id, vector, ids, onProgress, length } = options;
  const extension = extname(file).toLowerCase();
  if (extension === ".npy" || extension === ".safetensors") {
    await rejectUnreadableFile(file);
    if (ids === undefined) throw missingIds(file, id);
    const readArray = extension === ".npy" ? readNpyRows : readSafetensorsRows;
    const rows = readArray(file, { vector, onProgress });
    return yield* joinIds(file, rows, ids, readIds(ids, options));
  }
  if (columnarFormatOf(file)) {
    rejectIds(file, options);
    return yield* openRows(file, { ...options, onShare: onProgress });
  }
  const onBytes = (bytesRead: number): unknown => length > 0 && onProgress(bytesRead / length);
  const source = await openText(readText(file, onBytes));
  try {
    yield* readSource(file, source, options);
  } finally {
    await source.close();
  }
}

async function* readSource(
  file: string,
  source: TextSource,
  options: ItemFileOptions,
): AsyncGenerator<Row> {
  const { id, vector, ids } = options;
  const { beginning } = source;
  const isNumbers =
    textFormatOf(file, beginning) === "csv" &&
    options.columns === undefined &&
    isNumberLines(beginning);
  if (isNumbers && !namesColumns(vector)) {
    if (ids === undefined) throw missingIds(file, id);
    const rows = readNumberLines(displayName(file), source, vector);
    return yield* joinIds(file, rows, ids, readIds(ids, options));
  }
  let isFirst = true;
  for await (const row of readTextRows(file, source, options)) {
    // Of rows with fields, only an embeddings response has no ids.
    if (isFirst && (hasVector(row, vector) || !detectExport(row)?.hasPositions))
      rejectIds(file, options);
    isFirst = false;
    yield row;
  }
}

function missingIds(file: string, id: string): InputError {
  return new InputError(
    `${displayName(file)}: vectors without ids. Add --ids FILE: one id a line (.txt), or JSON ` +
      `lines or CSV with the field "${id}".`,
  );
}

function rejectIds(file: string, { id, ids }: ItemFileOptions): void {
  if (ids === undefined) return;
  throw new InputError(
    `${displayName(file)}: --ids is for vectors without fields: .npy, .safetensors, ` +
      "or a text of numbers. " +
      `Put the ids of this file into its field "${id}" instead.`,
  );
}

/** Categories of items, from a file of their own: RecBole .item, MovieLens movies, CSV, JSON. */
import { extname } from "node:path";
import { inspect } from "../../values/check.js";
import { InputError } from "../command-error.js";
import { readPath } from "../read/field-path.js";
import { toId } from "../read/fields.js";
import { listNames, type OnNote, type Row } from "../read/row.js";
import { displayName, nameWithoutGzip } from "../read/stream.js";
import { findColumn, openTableRows } from "./open-table-rows.js";

export interface CategoryOptions {
  /** The columns of the item and of its categories, if their names are not common ones. */
  readonly item: string | undefined;
  readonly category: string | undefined;
  readonly onNote: OnNote;
}

const ITEM_COLUMNS = ["id", "item", "item_id", "itemId", "movieId", "movie_id", "MovieID", "asin"];
const CATEGORY_COLUMNS = [
  "category",
  "categories",
  "genres",
  "genre",
  "class",
  "topic",
  "topics",
  "tags",
];
/** MovieLens movies.dat: MovieID::Title::Genres. */
const MOVIELENS_COLUMNS = ["item", "title", "genres"];

/**
 * The categories of each item of a file, at least one item. Several are an array, or text with "|"
 * between them; in RecBole's .item files also with spaces. An item without one is left out.
 */
export async function readCategories(
  file: string,
  options: CategoryOptions,
): Promise<Map<string, readonly string[]>> {
  const isRecBole = extname(nameWithoutGzip(file)).toLowerCase() === ".item";
  const categories = new Map<string, readonly string[]>();
  let item: string | undefined;
  let category: string | undefined;
  let last: Row | undefined;
  for await (const row of openTableRows(file, { ...options, movieLens: MOVIELENS_COLUMNS })) {
    last = row;
    item ??= findColumn(row, options.item, ITEM_COLUMNS);
    if (item === undefined) throw missingColumn(row, "item", "--item");
    const id = readPath(row.fields, item);
    if (id == null) throw new InputError(`${row.location}: ${item} is missing. Fill it in.`);
    // The first rows may have no category: an empty cell is no field.
    category ??= findColumn(row, options.category, CATEGORY_COLUMNS);
    if (category === undefined) continue;
    const value = readPath(row.fields, category);
    const names = toNames(row, category, value, isRecBole ? /[|\s]+/ : /\|/);
    if (names.length > 0) categories.set(toId(`${row.location}: ${item}`, id), names);
  }
  if (!last)
    throw new InputError(`${displayName(file)}: no items. Expected an item and a category a row.`);
  if (category === undefined) throw missingColumn(last, "categories", "--category");
  return categories;
}

function missingColumn(row: Row, what: string, option: string): InputError {
  return new InputError(
    `${row.location}: no column of the ${what}. Columns: ` +
      `${listNames(Object.keys(row.fields))}. ${option} FIELD names it.`,
  );
}

function toNames(row: Row, column: string, value: unknown, separator: RegExp): string[] {
  if (value == null) return [];
  const parts = typeof value === "string" ? value.split(separator) : [value].flat();
  const names = parts.map((part) => {
    if (typeof part === "string") return part.trim();
    if (typeof part === "number") return `${part}`;
    throw new InputError(
      `${row.location}: ${column}: expected the names of categories, saw ${inspect(value)}. ` +
        "Name another column with --category.",
    );
  });
  return names.filter((name) => name !== "");
}

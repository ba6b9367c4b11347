/** Action logs of many users: which formats and columns are read, and what is refused. */
import { inspect } from "../../values/check.js";
import { InputError } from "../command-error.js";
import { actionTimeReader, type TimeUnit } from "../read/action-time.js";
import { readPath } from "../read/field-path.js";
import { toId, toNumber } from "../read/fields.js";
import { listNames, type OnNote, type Row } from "../read/row.js";
import { displayName } from "../read/stream.js";
import { countOf } from "../terminal/print.js";
import { type ActionLog, ActionLogBuilder, PARTS, type Part } from "./action-log.js";
import { findColumn, hasColumn, openTableRows } from "./open-table-rows.js";

/** The columns that an action log has; names given as options replace those that are found. */
interface LogColumns {
  readonly user?: string | undefined;
  readonly item?: string | undefined;
  readonly at?: string | undefined;
  readonly part?: string | undefined;
  readonly rating?: string | undefined;
}
type ColumnRole = keyof LogColumns;

export interface ActionLogOptions {
  readonly columns: LogColumns;
  /** Names of the columns of CSV without a header line. */
  readonly header: string | undefined;
  readonly atUnit: TimeUnit;
  /** Actions with a lower rating are left out; undefined keeps all. */
  readonly minRating: number | undefined;
  readonly onNote: OnNote;
  /** Receives the number of actions read so far. */
  readonly onAction: (count: number) => void;
  /** Receives the share of the file read so far, from 0 to 1. */
  readonly onShare: (share: number) => void;
}

/** Names of columns in public data sets, by role; the first that a file has is used. */
const KNOWN_COLUMNS: Record<ColumnRole, readonly string[]> = {
  user: ["user", "user_id", "userId", "userid", "user_pseudo_id", "reviewerID", "uid", "UserID"],
  item: [
    "item",
    "item_id",
    "itemId",
    "itemid",
    "movieId",
    "movie_id",
    "MovieID",
    "product_id",
    "properties.product_id",
    "parent_asin",
    "asin",
    "sku",
  ],
  at: ["at", "ts", "timestamp", "time", "event_timestamp", "unixReviewTime", "Timestamp", "date"],
  part: ["part", "split"],
  rating: ["rating", "Rating", "overall", "stars"],
};
/** MovieLens .dat: UserID::MovieID::Rating::Timestamp. */
const MOVIELENS_COLUMNS = ["user", "item", "rating", "at"];
const SASREC_COLUMNS = ["user", "item"];

/**
 * Reads all actions of a file as a stream. Rejects with an InputError that has the line of the
 * first invalid row; users of one action, unsorted rows and duplicates are no errors.
 */
export async function readActionLog(file: string, options: ActionLogOptions): Promise<ActionLog> {
  const name = displayName(file);
  const { onNote, minRating } = options;
  const readTime = actionTimeReader(options.atUnit, (note) => onNote(`${name}: ${note}`));
  const builder = new ActionLogBuilder();
  let columns: ResolvedColumns | undefined;
  let lowRatings = 0;
  for await (const row of openTableRows(file, {
    ...options,
    movieLens: MOVIELENS_COLUMNS,
    sasRec: SASREC_COLUMNS,
  })) {
    columns ??= resolveColumns(row, options.columns);
    const { location } = row;
    if (minRating !== undefined && readRating(row, columns) < minRating) {
      lowRatings += 1;
      continue;
    }
    const user = readId(row, columns.user, "--user");
    const item = readId(row, columns.item, "--item");
    let at: number | undefined;
    if (columns.at !== undefined) {
      const value = readPath(row.fields, columns.at);
      if (value == null) throw missingValue(row, columns.at, "--at");
      at = readTime(`${location}: ${columns.at}`, value);
    } else rejectLateColumn(row, "at");
    if (columns.part === undefined) rejectLateColumn(row, "part");
    builder.add(user, item, at, columns.part === undefined ? undefined : readPart(row, columns));
    options.onAction(builder.count);
  }
  if (builder.count === 0)
    throw new InputError(
      lowRatings > 0
        ? `${name}: all ${lowRatings} ratings are below --min-rating ${minRating}. Lower it.`
        : `${name}: no actions. Expected a user, an item and a time a row, below a header line ` +
            "that names the columns, or --columns NAMES.",
    );
  const log = builder.finish({
    hasTimes: columns?.at !== undefined,
    hasParts: columns?.part !== undefined,
  });
  if (lowRatings > 0)
    onNote(`${name}: ${countOf(lowRatings, "action")} with a low rating: left out`);
  if (!log.hasTimes) onNote(`${name}: no times: the order of the rows is the order of actions`);
  if (log.unsortedUsers > 0)
    onNote(
      `${name}: the actions of ${countOf(log.unsortedUsers, "user")} were not in order; sorted`,
    );
  if (log.duplicates > 0)
    onNote(
      `${name}: ${countOf(log.duplicates, "row")} ${log.duplicates === 1 ? "repeats" : "repeat"} ` +
        "a user, item and time: left out",
    );
  return log;
}

interface ResolvedColumns {
  readonly user: string;
  readonly item: string;
  readonly at: string | undefined;
  readonly part: string | undefined;
  readonly rating: string | undefined;
}

function resolveColumns(row: Row, given: LogColumns): ResolvedColumns {
  const find = (role: ColumnRole): string | undefined =>
    given[role] ?? findColumn(row, undefined, KNOWN_COLUMNS[role]);
  const requireColumn = (role: ColumnRole): string => {
    const column = find(role);
    if (column !== undefined && hasColumn(row, column)) return column;
    const fieldNames = listNames(row.columns ?? Object.keys(row.fields));
    throw new InputError(
      `${row.location}: no column of the ${role}${column ? ` (${column})` : ""}. ` +
        `Columns: ${fieldNames}. --${role} FIELD names it; --columns NAMES names the columns of ` +
        "a file without a header line; columns are separated by commas, semicolons or tabs.",
    );
  };
  return {
    user: requireColumn("user"),
    item: requireColumn("item"),
    at: given.at === undefined ? find("at") : requireColumn("at"),
    part: given.part === undefined ? find("part") : requireColumn("part"),
    rating: find("rating"),
  };
}

/**
 * Throws for a row of a file without a header, such as JSON lines, that has a time or a part,
 * though the first row has none: the order of actions, or the split, would be another one.
 */
function rejectLateColumn(row: Row, role: "at" | "part"): void {
  if (row.columns) return;
  const column = findColumn(row, undefined, KNOWN_COLUMNS[role]);
  if (column === undefined) return;
  throw new InputError(
    `${row.location}: ${column}: expected no such field, because the first row has none. ` +
      "Add it to all rows, or remove it from all.",
  );
}

function readId(row: Row, column: string, option: string): string {
  const value = row.fields[column] ?? readPath(row.fields, column);
  if (value == null) throw missingValue(row, column, option);
  return typeof value === "string" ? value : toId(`${row.location}: ${column}`, value);
}

function readRating(row: Row, { rating }: ResolvedColumns): number {
  const value = rating === undefined ? undefined : readPath(row.fields, rating);
  const number = toNumber(value, row.decimalComma);
  if (!Number.isNaN(number)) return number;
  throw new InputError(
    `${row.location}: ${rating ?? "rating"}: --min-rating expects a number, saw ` +
      `${inspect(value)}. --rating FIELD names the column.`,
  );
}

function readPart(row: Row, { part }: ResolvedColumns): Part {
  const value = readPath(row.fields, part!);
  const namedPart = PARTS.find((name) => name === value);
  if (namedPart) return namedPart;
  throw new InputError(
    `${row.location}: ${part}: expected ${PARTS.join(", ")}, saw ${inspect(value)}. ` +
      "Remove the column to split by time.",
  );
}

function missingValue(row: Row, column: string, option: string): InputError {
  return new InputError(
    `${row.location}: ${column} is missing. Fill it in, or name another column with ${option}.`,
  );
}

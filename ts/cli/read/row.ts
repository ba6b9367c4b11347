/** The common form into which all input formats are read: rows of named fields. */

/** One row. `location` identifies it in messages, as in "items.jsonl:12". */
export interface Row {
  readonly location: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Names of all columns of CSV; a column without a value in this row is not in `fields`. */
  readonly columns?: readonly string[];
  /** Cells may have decimal commas: semicolons separate the columns. */
  readonly decimalComma?: boolean;
}

/** Receives a remark about how a file is read; printed unless --quiet. */
export type OnNote = (note: string) => void;

/** Up to eight names for a message, and how many more there are. */
export function listNames(names: readonly string[]): string {
  const listedNames = names
    .slice(0, 8)
    .map((name) => (name.length > 30 ? `${name.slice(0, 30)}…` : name));
  const unlistedCount = names.length - listedNames.length;
  return listedNames.length === 0
    ? "none"
    : listedNames.join(", ") + (unlistedCount > 0 ? ` and ${unlistedCount} more` : "");
}

/** The common form of the input formats: rows of named fields. */

/** One row. `location` identifies it in messages, as in "items.jsonl:12". */
export interface Row {
  readonly location: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** One row of an input file, whatever its format. */

/** One line of a file. `place` is how messages call it: "items.jsonl:12". */
export interface Row {
  readonly place: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

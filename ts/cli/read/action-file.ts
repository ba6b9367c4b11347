/** Actions of a user, from a file: item, at, and where they are given vector, weight and kind. */

import type { Catalogue } from "../../catalogue/catalogue.js";
import { inspect } from "../../check.js";
import { checkAction } from "../../sage/actions.js";
import type { Action } from "../../sage/types.js";
import { InputError } from "../command-error.js";
import { readId, readVector, within } from "./fields.js";
import type { Row } from "./row.js";
import { readRows } from "./text-rows.js";
import { HOW_TO_WRITE_TIMES, readTime } from "./time.js";

const FIELDS = ["item", "vector", "at", "weight", "kind"];

/** What was read. `unused` are the fields that mean nothing here. */
export interface ActionsRead {
  readonly actions: Action[];
  readonly dim: number | undefined;
  readonly unused: ReadonlySet<string>;
}

/** All actions of the file, each checked. Without a catalogue every action brings its vector; the first one tells the length. */
export async function readActions(
  file: string,
  against: { catalogue: Catalogue | undefined; now: number },
): Promise<ActionsRead> {
  const { catalogue, now } = against;
  const actions: Action[] = [];
  const unused = new Set<string>();
  let dim = catalogue?.dim;
  for await (const row of readRows(file)) {
    const action = readAction(row);
    dim ??= action.vector?.length;
    actions.push(within(() => checkAction(row.place, action, { dim: dim ?? 0, catalogue, now })));
    for (const field of Object.keys(row.fields)) if (!FIELDS.includes(field)) unused.add(field);
  }
  return { actions, dim, unused };
}

/** A field that is null says nothing, as one that is not there. */
function readAction(row: Row): Action {
  const { place, fields } = row;
  const action: Action = { item: readId(row, "item") };
  if (fields.vector != null) action.vector = readVector(row, "vector");
  if (fields.at != null) {
    const at = readTime(fields.at);
    if (at === undefined)
      throw new InputError(
        `${place}: at: expected ${HOW_TO_WRITE_TIMES}, saw ${inspect(fields.at)}.`,
      );
    action.at = at;
  }
  if (fields.weight != null) {
    const weight = typeof fields.weight === "string" ? Number(fields.weight) : fields.weight;
    if (typeof weight !== "number" || Number.isNaN(weight)) {
      throw new InputError(
        `${place}: weight: expected a number above 0, saw ${inspect(fields.weight)}.`,
      );
    }
    action.weight = weight;
  }
  if (fields.kind != null) action.kind = String(fields.kind);
  return action;
}

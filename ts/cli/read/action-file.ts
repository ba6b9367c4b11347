/** Actions from a file: item, and where given at, weight, kind and vector. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { inspect } from "../../check.js";
import { checkAction } from "../../sage/actions.js";
import type { Action } from "../../sage/types.js";
import { InputError } from "../command-error.js";
import { readId, readVector, withInputErrors } from "./fields.js";
import type { Row } from "./row.js";
import { readRows } from "./text-rows.js";
import { readTime, TIME_FORMATS } from "./time.js";

const ACTION_FIELDS = ["item", "vector", "at", "weight", "kind"];

/** An action whose vector is a Float32Array. */
type FileAction = Action & { vector?: Float32Array };

export interface ActionFile {
  readonly actions: Action[];
  /** Length of the vectors; undefined without a catalogue and without actions. */
  readonly dim: number | undefined;
  /** Fields in the file that an action does not have. */
  readonly unusedFields: ReadonlySet<string>;
}

/**
 * All actions of the file, each checked. Without a catalogue every action must have a vector, and
 * the first one determines the length. `now`, in milliseconds since the epoch, is the time of
 * actions without `at`.
 */
export async function readActions(
  file: string,
  { catalogue, now }: { catalogue: Catalogue | undefined; now: number },
): Promise<ActionFile> {
  const actions: Action[] = [];
  const unusedFields = new Set<string>();
  let dim = catalogue?.dim;
  for await (const row of readRows(file)) {
    const action = readAction(row);
    dim ??= action.vector?.length;
    const expected = { dim: dim ?? 0, catalogue, now };
    actions.push(withInputErrors(() => checkAction(row.location, action, expected)));
    for (const field of Object.keys(row.fields))
      if (!ACTION_FIELDS.includes(field)) unusedFields.add(field);
  }
  return { actions, dim, unusedFields };
}

/** One action, its fields converted from strings where needed. Null is a missing field. */
function readAction(row: Row): FileAction {
  const { location, fields } = row;
  const action: FileAction = { item: readId(row, "item") };
  if (fields.vector != null) action.vector = readVector(row, "vector");
  if (fields.at != null) {
    const at = readTime(fields.at);
    if (at === undefined)
      throw new InputError(`${location}: at: expected ${TIME_FORMATS}, saw ${inspect(fields.at)}.`);
    action.at = at;
  }
  if (fields.weight != null) {
    const weight = typeof fields.weight === "string" ? Number(fields.weight) : fields.weight;
    if (typeof weight !== "number" || Number.isNaN(weight))
      throw new InputError(
        `${location}: weight: expected a number above 0, saw ${inspect(fields.weight)}.`,
      );
    action.weight = weight;
  }
  if (fields.kind != null) action.kind = String(fields.kind);
  return action;
}

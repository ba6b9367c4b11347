/** Validation of recorded actions: caller input becomes entries of a log, vectors copied. */
import type { Catalogue } from "../catalogue/catalogue.js";
import { asSageError, SageError } from "../errors.js";
import type { VectorSource } from "../retriever.js";
import {
  checkItemId,
  checkKeys,
  checkSignedWeight,
  checkVector,
  inspect,
  unexpected,
} from "../values/check.js";
import type { ActionFields } from "./operation.js";
import { checkTime } from "./time.js";
import type { Action } from "./types.js";

const LOOKUP_FAILED = "Looking up the items' vectors failed; nothing was recorded";
const ACTION_FIELDS = ["item", "vector", "at", "weight", "kind"];

/** Context for validating an action. */
export interface ActionContext {
  /** Vector length. */
  dim: number;
  /** Supplies vectors of items recorded without one. */
  catalogue: Catalogue | undefined;
  /** Default of `at`, in milliseconds since the epoch. */
  now: number;
}

/** Validate all actions. Throws for the first invalid one and names its index: all or nothing. */
export function checkActions(
  input: Action | readonly Action[],
  context: ActionContext,
  where = "record: action",
): ActionFields[] {
  return toList(input).map((action, index) => checkAction(`${where} ${index}`, action, context));
}

/**
 * Add the vectors of actions that have none and whose item is not in the catalogue. One call of
 * `source` for all of them; actions of items that `source` does not have stay without a vector.
 * Rejects "retrieval" if it fails, or returns anything but vectors of `dim` components.
 */
export async function addMissingVectors(
  input: Action | readonly Action[],
  source: VectorSource,
  { catalogue, dim }: Pick<ActionContext, "catalogue" | "dim">,
): Promise<readonly Action[]> {
  const actions = toList(input);
  const needsLookup = (action: Action): boolean =>
    typeof action?.item === "string" &&
    action.item !== "" &&
    action.vector === undefined &&
    !catalogue?.has(action.item);
  const missingItems = [...new Set(actions.filter(needsLookup).map(({ item }) => item))];
  if (missingItems.length === 0) return actions;
  let lookupResult: unknown;
  try {
    lookupResult = await source(missingItems);
  } catch (error) {
    throw asSageError(error, "retrieval", LOOKUP_FAILED);
  }
  const foundVectors = new Map(
    missingItems.map((item, index) => [item, checkFoundVector(item, lookupResult, index, dim)]),
  );
  return actions.map((action) => {
    const vector = needsLookup(action) ? foundVectors.get(action.item) : undefined;
    return vector ? { ...action, vector } : action;
  });
}

/** Returns the validated vector of one looked-up item; undefined for an unknown item. */
function checkFoundVector(
  item: string,
  lookupResult: unknown,
  index: number,
  dim: number,
): Float32Array | undefined {
  try {
    if (!Array.isArray(lookupResult))
      throw new SageError("option", `expected one vector per item, saw ${inspect(lookupResult)}.`);
    const vector: unknown = lookupResult[index] ?? undefined;
    return vector === undefined ? undefined : checkVector(inspect(item), vector, dim);
  } catch (cause) {
    throw new SageError("retrieval", `${LOOKUP_FAILED}: ${(cause as SageError).message}`, {
      cause,
    });
  }
}

/** Validate one action. `label` names it in error messages. */
export function checkAction(
  label: string,
  action: Action,
  { dim, catalogue, now }: ActionContext,
): ActionFields {
  checkKeys(label, action, ACTION_FIELDS);
  const item = checkItemId(`${label}: item`, action.item);
  const where = `${label} (${inspect(item)})`;
  const entry: { -readonly [Key in keyof ActionFields]: ActionFields[Key] } = {
    item,
    at: action.at === undefined ? now : checkTime(`${where}: at`, action.at),
  };
  if (action.weight !== undefined)
    entry.weight = checkSignedWeight(`${where}: weight`, action.weight);
  if (action.kind !== undefined) {
    if (typeof action.kind !== "string")
      throw unexpected(`${where}: kind`, "a string", action.kind);
    entry.kind = action.kind;
  }
  if (action.vector !== undefined) {
    entry.vector = checkVector(where, action.vector, dim).slice();
  } else if (!catalogue?.has(item)) {
    const reason = catalogue
      ? `the item is not in the catalogue, unlike ${inspect(catalogue.ids().next().value)}`
      : "without a catalogue every action needs a vector";
    const weight = action.weight === undefined ? "" : `, weight: ${action.weight}`;
    throw new SageError("unknown-item", `${where}: ${reason}. Record { item, vector${weight} }.`);
  }
  return entry;
}

/** Holes of an array become undefined, which is no action. */
function toList(input: Action | readonly Action[]): readonly Action[] {
  return Array.from(Array.isArray(input) ? input : [input as Action]);
}

/** Actions as callers give them, checked once and copied: after this they cannot be wrong. */
import type { Catalogue } from "../catalogue/catalogue.js";
import {
  checkFinite,
  checkItemId,
  checkKeys,
  checkPositive,
  checkVector,
  inspect,
} from "../check.js";
import { asSageError, SageError } from "../errors.js";
import type { VectorSource } from "../retriever.js";
import type { Entry } from "./log.js";
import type { Action } from "./types.js";

const FIELDS = ["item", "vector", "at", "weight", "kind"];

/** What an action is checked against. */
export interface Expectation {
  dim: number;
  catalogue: Catalogue | undefined;
  now: number;
}

/** The entries of these actions, or an error that names the first action that is wrong, and no entry at all. */
export function checkActions(given: Action | readonly Action[], expected: Expectation): Entry[] {
  const actions: readonly Action[] = Array.isArray(given) ? given : [given as Action];
  return actions.map((action, index) => checkAction(`record: action ${index}`, action, expected));
}

/** The actions, with vectors from elsewhere for those that have none and that the catalogue does not know. One question for all of them. */
export async function withVectors(
  given: Action | readonly Action[],
  source: VectorSource,
  catalogue: Catalogue | undefined,
): Promise<readonly Action[]> {
  const actions: readonly Action[] = Array.isArray(given) ? given : [given as Action];
  const lacks = (action: Action): boolean =>
    typeof action?.item === "string" &&
    action.item !== "" &&
    action.vector === undefined &&
    !catalogue?.has(action.item);
  const items = [...new Set(actions.filter(lacks).map(({ item }) => item))];
  if (items.length === 0) return actions;
  let vectors: (Float32Array | undefined)[];
  try {
    vectors = await source(items);
  } catch (error) {
    throw asSageError(
      error,
      "retrieval",
      "The vectors of the items could not be looked up; nothing was recorded",
    );
  }
  const known = new Map(items.map((item, place) => [item, vectors[place]]));
  return actions.map((action) => {
    const vector = lacks(action) ? known.get(action.item) : undefined;
    return vector ? { ...action, vector } : action;
  });
}

/** The entry of one action; `place` is how messages call it. */
export function checkAction(
  place: string,
  action: Action,
  { dim, catalogue, now }: Expectation,
): Entry {
  checkKeys(place, action, FIELDS);
  const item = checkItemId(`${place}: item`, action.item);
  const where = `${place} (${inspect(item)})`;
  const entry: { -readonly [Key in keyof Entry]: Entry[Key] } = {
    item,
    at: action.at === undefined ? now : checkFinite(`${where}: at`, action.at) + 0, // -0 is 0, as it is in JSON
  };
  if (action.weight !== undefined) entry.weight = checkPositive(`${where}: weight`, action.weight);
  if (action.kind !== undefined) {
    if (typeof action.kind !== "string")
      throw new SageError(
        "option",
        `${where}: kind: expected a string, saw ${inspect(action.kind)}.`,
      );
    entry.kind = action.kind;
  }
  if (action.vector !== undefined) {
    entry.vector = checkVector(where, action.vector, dim).slice();
  } else if (!catalogue?.has(item)) {
    const reason = catalogue
      ? "the catalogue does not know the item"
      : "there is no catalogue to look the item up in";
    throw new SageError(
      "unknown-item",
      `${where}: ${reason}. Pass its embedding: { item, vector }.`,
    );
  }
  return entry;
}

/** Validation of the lists of this folder. */
import type { ItemId } from "../item.js";
import { checkItemId, unexpected } from "../values/check.js";

/** The values of an iterable, also for holes of an array. Throws code "option" for no iterable. */
export function readList<T>(where: string, list: Iterable<T>): T[] {
  const given: unknown = list;
  if (typeof given === "object" && given !== null && Symbol.iterator in given)
    return Array.from(list);
  throw unexpected(where, "a list", given);
}

/** The objects of an iterable, each with the id of an item. Throws code "option" for others. */
export function readItems<T extends { readonly item: ItemId }>(
  where: string,
  list: Iterable<T>,
): T[] {
  const items = readList(where, list);
  items.forEach((entry: T | null | undefined, index) => {
    checkItemId(`${where}: entry ${index}`, entry?.item);
  });
  return items;
}

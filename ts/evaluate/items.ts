/** Validation of the lists of this folder. */
import type { ItemId } from "../item.js";
import { checkItemId, checkList } from "../values/check.js";

/** The values of an iterable, also for holes of an array. Throws code "option" for no iterable. */
export function readList<T>(where: string, list: Iterable<T>): T[] {
  return Array.from(checkList(where, list, "objects"));
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

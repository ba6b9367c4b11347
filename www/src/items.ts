/** Catalogue items as the page shows them. Their vectors stay in the worker. */
import type { ItemId } from "pocketsage";

export interface Item {
  id: ItemId;
  emoji: string;
  label: string;
  tags: readonly string[];
  /** A key of `GROUPS`. */
  group: string;
}

export type Items = ReadonlyMap<ItemId, Item>;

/** The groups of the catalogue, each with its title and the emoji of its filter button. */
export const GROUPS: Readonly<Record<string, { name: string; emoji: string }>> = {
  "smileys-emotion": { name: "Smileys", emoji: "😀" },
  "people-body": { name: "People", emoji: "🧑" },
  "animals-nature": { name: "Animals and nature", emoji: "🐻" },
  "food-drink": { name: "Food and drink", emoji: "🍔" },
  "travel-places": { name: "Travel and places", emoji: "🏔️" },
  activities: { name: "Activities", emoji: "⚽" },
  objects: { name: "Objects", emoji: "💡" },
  symbols: { name: "Symbols", emoji: "💟" },
  flags: { name: "Flags", emoji: "🏁" },
};

/** The actions of "Try an example": animals a week ago, sports three days ago, food just now. */
export const EXAMPLE_ACTIONS: readonly { item: ItemId; daysAgo: number }[] = [
  ...["1F436", "1F98A", "1F43C", "1F431"].map((item) => ({ item, daysAgo: 7 })),
  ...["26BD", "1F3BE", "1F3C0", "1F3D0"].map((item) => ({ item, daysAgo: 3 })),
  ...["1F355", "1F35C", "1F363", "1F354"].map((item) => ({ item, daysAgo: 0 })),
];

/**
 * The item with this id. An id that is not in the catalogue, as an imported profile may contain,
 * gives a placeholder labelled with the id.
 */
export function itemById(items: Items, id: ItemId): Item {
  return items.get(id) ?? { id, emoji: "▫️", label: id, tags: [], group: "" };
}

/** Whether every word of the query is the beginning of a word in the label or the tags. */
export function matchesQuery(item: Item, query: string): boolean {
  const queryWords = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (queryWords.length === 0) return true;
  const text = ` ${[item.label, ...item.tags].join(" ")}`.toLowerCase().replaceAll(/[-_:,]/g, " ");
  return queryWords.every((word) => text.includes(` ${word}`));
}

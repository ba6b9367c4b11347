/** What the page shows of a catalogue item. The vectors stay in the worker. */
import type { ItemId } from "pocketsage";

export interface Item {
  id: ItemId;
  emoji: string;
  label: string;
  tags: readonly string[];
  group: string;
}

export type Items = ReadonlyMap<ItemId, Item>;

/** The groups of the catalogue: what the page calls them, and the emoji that stands for each. */
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

/** Three kinds of things, in the order they were liked: animals a week ago, sport a few days ago, food just now. */
export const EXAMPLE: readonly { item: ItemId; daysAgo: number }[] = [
  ...["1F436", "1F98A", "1F43C", "1F431"].map((item) => ({ item, daysAgo: 7 })),
  ...["26BD", "1F3BE", "1F3C0", "1F3D0"].map((item) => ({ item, daysAgo: 3 })),
  ...["1F355", "1F35C", "1F363", "1F354"].map((item) => ({ item, daysAgo: 0 })),
];

/** An id the catalogue does not know (a taste imported from elsewhere) is still shown, by its name. */
export function itemOf(items: Items, id: ItemId): Item {
  return items.get(id) ?? { id, emoji: "▫️", label: id, tags: [], group: "" };
}

/** Does every word begin a word of the label or of a tag? */
export function matches(item: Item, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = ` ${[item.label, ...item.tags]
    .join(" ")
    .toLowerCase()
    .replaceAll(/[-_:,]/g, " ")}`;
  return words.every((word) => text.includes(` ${word}`));
}

/** Catalogue items as the page shows them. Their vectors stay in the worker. */
import type { ItemId } from "pocketsage";

export interface Item {
  id: ItemId;
  /** The picture of the item: its emoji, or up to two letters of its label. */
  glyph: string;
  /** Whether `glyph` is letters, because the item has no emoji or no font draws it. */
  isMonogram: boolean;
  label: string;
  tags: readonly string[];
  /** A key of `GROUPS`, or any text of another catalogue; "" for none. */
  group: string;
}

export type Items = ReadonlyMap<ItemId, Item>;

/** The groups of the emoji catalogue, each with its title and the emoji of its filter button. */
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

/** How ids of recorded texts begin. */
const TEXT_PREFIX = "text:";
const LABEL_FIELDS = ["label", "title", "name", "text"];
const GROUP_FIELDS = ["group", "category", "genre", "type"];
const MAX_LABEL_LENGTH = 80;
const MAX_TAGS = 12;

/** The item of a catalogue row. Label, tags and group are read from the usual payload fields. */
export function itemFromPayload(id: ItemId, payload: unknown): Item {
  const fields = (typeof payload === "object" && payload !== null ? payload : {}) as Readonly<
    Record<string, unknown>
  >;
  const firstText = (names: readonly string[]): string | undefined =>
    names.map((name) => fields[name]).find((value) => typeof value === "string" && value !== "") as
      | string
      | undefined;
  const label = (firstText(LABEL_FIELDS) ?? (typeof payload === "string" ? payload : id)).slice(
    0,
    MAX_LABEL_LENGTH,
  );
  const tags = Array.isArray(fields.tags)
    ? fields.tags.filter((tag): tag is string => typeof tag === "string").slice(0, MAX_TAGS)
    : [];
  const emoji = typeof fields.emoji === "string" && fields.emoji !== "" ? fields.emoji : undefined;
  const item = { id, label, tags, group: firstText(GROUP_FIELDS) ?? "" };
  return { ...item, glyph: emoji ?? monogramOf(label), isMonogram: emoji === undefined };
}

/** The item with letters in place of its emoji, for devices without an emoji font. */
export function withMonogram(item: Item): Item {
  return { ...item, glyph: monogramOf(item.label), isMonogram: true };
}

/**
 * The item with this id. An id that is not in the catalogue, as an imported profile may contain,
 * gives a placeholder labelled with the id, or with the text of a recorded text.
 */
export function itemById(items: Items, id: ItemId): Item {
  const item = items.get(id);
  if (item !== undefined) return item;
  const isText = id.startsWith(TEXT_PREFIX);
  return itemFromPayload(id, isText ? `“${id.slice(TEXT_PREFIX.length)}”` : undefined);
}

/** Label and tags of an item, normalised for `createFilter`. */
const searchTexts = new WeakMap<Item, string>();

/** Whether every word of the query is the beginning of a word in the label or the tags. */
export function createFilter(query: string): (item: Item) => boolean {
  const queryWords = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (queryWords.length === 0) return () => true;
  return (item) => {
    const text = searchTextOf(item);
    return queryWords.every((word) => text.includes(` ${word}`));
  };
}

function searchTextOf(item: Item): string {
  let text = searchTexts.get(item);
  if (text === undefined) {
    const words = [item.label, ...item.tags].join(" ").toLowerCase();
    text = ` ${words.replaceAll(/[-_:,]/g, " ")}`;
    searchTexts.set(item, text);
  }
  return text;
}

/** The first letters of the first two words, or the first two letters of a single word. */
function monogramOf(label: string): string {
  const words = label.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const [first = "?", second] = words;
  const letters = second === undefined ? [...first].slice(0, 2) : [[...first][0], [...second][0]];
  return letters.join("").toLocaleUpperCase("en");
}

/** The catalogues that the page can show: those of this list, and one of the user's own. */
import type { ItemId } from "pocketsage";
import wordsUrl from "../../data/words/words.sage?url";
import emojiUrl from "../catalogues/emoji.sage?url";
import emojiEncoderUrl from "../catalogues/emoji-text.sage?url";
import wordsEncoderUrl from "../catalogues/words-text.sage?url";
import type { OwnCatalogue } from "./own-catalogue.js";

export interface CatalogueSource {
  /** The value of `catalogue` in the address of the page. */
  id: string;
  /** The name in the menu. */
  name: string;
  /** The address of the file; "" for the catalogue of the user, which is stored in the browser. */
  url: string;
  /** The address of the text encoder; "" if the catalogue has it, if any. */
  encoderUrl: string;
  /** Texts to try in the view "Type". */
  wishes: readonly string[];
  /** The name of the stored profile. Every catalogue has its own. */
  storeName: string;
  /** A search that finds something, shown in the empty search field. */
  searchHint: string;
  /**
   * The actions of "Try an example", of several kinds. Empty: items of the catalogue that are
   * unlike each other, with their neighbours.
   */
  example: readonly { item: ItemId; daysAgo: number }[];
}

export const CATALOGUES: readonly CatalogueSource[] = [
  {
    id: "emoji",
    name: "Emoji",
    url: emojiUrl,
    encoderUrl: emojiEncoderUrl,
    wishes: ["sweet breakfast", "cold rain", "loud music", "birthday for grandma"],
    storeName: "page",
    searchHint: "dog, breakfast, joy",
    example: [
      ...["1F436", "1F98A", "1F43C"].map((item) => ({ item, daysAgo: 6 })),
      ...["1F355", "1F35C", "1F363"].map((item) => ({ item, daysAgo: 4 })),
      ...["1F3B8", "1F3BB", "1F3BA"].map((item) => ({ item, daysAgo: 2 })),
      ...["1F33B", "1F337", "1F339"].map((item) => ({ item, daysAgo: 0 })),
    ],
  },
  {
    id: "words",
    name: "Words (WordNet)",
    url: wordsUrl,
    encoderUrl: wordsEncoderUrl,
    wishes: ["small animal with fur", "warm clothes", "bird of prey", "feeling of joy"],
    storeName: "words",
    searchHint: "coffee, otter, gymnastics",
    example: [
      ...["otter", "badger", "fox", "wolf"].map((item) => ({ item, daysAgo: 7 })),
      ...["golf", "baseball", "basketball", "gymnastics"].map((item) => ({ item, daysAgo: 3 })),
      ...["espresso", "doughnut", "waffle", "bagel"].map((item) => ({ item, daysAgo: 0 })),
    ],
  },
];

export const OWN_CATALOGUE = "own";
const STORAGE_KEY = "pocketsage-own-catalogue";

/** The catalogue with this id; the first one if there is none. */
export function catalogueById(id: string): CatalogueSource {
  const listedSource = CATALOGUES.find((source) => source.id === id);
  const source =
    listedSource ?? (id === OWN_CATALOGUE ? ownCatalogue() : undefined) ?? CATALOGUES[0];
  if (source === undefined) throw new Error("catalogues.ts lists no catalogue");
  return source;
}

/**
 * The catalogue of the user, if there is one. The first access to the storage of a site blocks the
 * page, up to 100 ms on a phone: not to be called while the page loads without need.
 */
export function ownCatalogue(): CatalogueSource | undefined {
  const description = readOwn();
  if (description === undefined) return undefined;
  const { name, hash } = description;
  const source = { id: OWN_CATALOGUE, name, url: "", storeName: `own-${hash}` };
  const texts = { encoderUrl: "", wishes: [], searchHint: "a word of a label" };
  return { ...source, ...texts, example: [] };
}

export function rememberOwn(own: OwnCatalogue): void {
  localStorage.setItem(STORAGE_KEY, JSON.stringify(own));
}

/** Undefined if there is none, or the browser stores nothing for this site. */
function readOwn(): OwnCatalogue | undefined {
  try {
    const text = localStorage.getItem(STORAGE_KEY);
    return text === null ? undefined : (JSON.parse(text) as OwnCatalogue);
  } catch {
    return undefined;
  }
}

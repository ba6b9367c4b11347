/** The catalogues that the page can show: those of this list, and one of the user's own. */
import type { ItemId } from "pocketsage";
import emojiUrl from "../catalogues/emoji.sage?url";

export interface CatalogueSource {
  /** The value of `catalogue` in the address of the page. */
  id: string;
  /** The name in the menu. */
  name: string;
  url: string;
  /** The name of the stored profile. Every catalogue has its own. */
  storeName: string;
  /** A search that finds something, shown in the empty search field. */
  searchHint: string;
  /** The actions of "Try an example": three kinds of items, the newest last. */
  example: readonly { item: ItemId; daysAgo: number }[];
}

export const CATALOGUES: readonly CatalogueSource[] = [
  {
    id: "emoji",
    name: "Emoji",
    url: emojiUrl,
    storeName: "page",
    searchHint: "dog, breakfast, joy",
    example: [
      ...["1F436", "1F98A", "1F43C", "1F431"].map((item) => ({ item, daysAgo: 7 })),
      ...["26BD", "1F3BE", "1F3C0", "1F3D0"].map((item) => ({ item, daysAgo: 3 })),
      ...["1F355", "1F35C", "1F363", "1F354"].map((item) => ({ item, daysAgo: 0 })),
    ],
  },
];

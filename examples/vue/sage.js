import { Catalogue, indexedDbStore, openSage } from "pocketsage";
import emoji from "pocketsage/emoji.sage?url"; // or a file in public/

export async function open() {
  return openSage({
    catalogue: await Catalogue.fetch(emoji),
    store: indexedDbStore("vue"),
  });
}

/** The ids of the included catalogue are code points. */
export const emojiOf = (item) =>
  String.fromCodePoint(...item.split("-").map((code) => Number.parseInt(code, 16)));

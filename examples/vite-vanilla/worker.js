// The worker: it has the catalogue, the history in IndexedDB, and the computation.
import { Catalogue, indexedDbStore, openSage, serveSage } from "pocketsage";
import emoji from "pocketsage/emoji.sage?url"; // or a file in public/

serveSage(async () => {
  const catalogue = await Catalogue.fetch(emoji);
  return openSage({ catalogue, store: indexedDbStore("vite-vanilla") });
});

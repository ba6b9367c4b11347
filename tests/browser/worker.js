// The worker of the browser tests: serves a sage over a catalogue of five items. Import maps do not
// apply to workers, so the package is imported by its path. "?silent" gives a sage whose
// recommendations stay pending.
import { Catalogue, indexedDbStore, openSage, serveSage } from "/pkg/entry/browser.js";

const pairs = [
  ["food-1", Float32Array.of(1, 0.1, 0)],
  ["food-2", Float32Array.of(1, 0, 0.1)],
  ["food-3", Float32Array.of(1, 0.1, 0.1)],
  ["sport-1", Float32Array.of(0, 1, 0.1)],
  ["sport-2", Float32Array.of(0.1, 1, 0)],
];

serveSage(async () => {
  const catalogue = await Catalogue.from(pairs, { dim: 3 });
  const retriever = () => new Promise(() => {});
  const isSilent = new URL(location.href).searchParams.has("silent");
  return openSage({
    catalogue,
    store: indexedDbStore("worker"),
    ...(isSilent && { retriever }),
  });
});

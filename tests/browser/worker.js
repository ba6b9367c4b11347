// The worker of the browser tests: the small world, served. A worker knows no import map, so the package is imported by its address.
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
  const silent = () => new Promise(() => {}); // a retriever that never answers, so that calls are pending
  const patient = new URL(location.href).searchParams.has("silent");
  return openSage({
    catalogue,
    store: indexedDbStore("worker"),
    ...(patient && { retriever: silent }),
  });
});

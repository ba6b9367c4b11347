// A small world to test in: items of a few themes with vectors near their theme's centre, the same in every run.
import { Catalogue } from "pocketsage";

export const DIM = 8;
export const THEMES = ["food", "sport", "animal"];
export const DAY = 86_400_000;
export const NOW = Date.UTC(2026, 0, 15);

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The vector of "sport-3": near the axis of its theme, at a place of its own. */
export function vectorOf(item) {
  const [theme, number] = item.split("-");
  const random = seeded(1 + THEMES.indexOf(theme) * 1000 + Number(number));
  return Float32Array.from(
    { length: DIM },
    (_, axis) => (axis === THEMES.indexOf(theme) ? 1 : 0) + (random() - 0.5) * 0.3,
  );
}

/** "food-0", "food-1", ... 20 of each theme. */
export const ITEMS = THEMES.flatMap((theme) =>
  Array.from({ length: 20 }, (_, number) => `${theme}-${number}`),
);

/** The catalogue of all items. */
export function smallCatalogue() {
  return Catalogue.from(
    ITEMS.map((item) => [item, vectorOf(item), { title: item.toUpperCase() }]),
    { dim: DIM },
  );
}

/** Actions on these items, a minute apart, the last at NOW. */
export function actionsOn(...items) {
  return items.map((item, index) => ({ item, at: NOW - (items.length - 1 - index) * 60_000 }));
}

// The test data: items of three themes. Each vector lies near the axis of its theme and is equal in
// every run.
import { Catalogue } from "pocketsage";
import { seededRandom } from "../../scripts/lib/random.mjs";

export { seededRandom as seeded };

export const DIM = 8;
export const THEMES = ["food", "sport", "animal"];
export const DAY = 86_400_000;
export const NOW = Date.UTC(2026, 0, 15);

/** The vector of an item like "sport-3": the unit vector of its theme plus noise in ±0.15. */
export function vectorOf(item) {
  const [theme, number] = item.split("-");
  const random = seededRandom(1 + THEMES.indexOf(theme) * 1000 + Number(number));
  return Float32Array.from(
    { length: DIM },
    (_, axis) => (axis === THEMES.indexOf(theme) ? 1 : 0) + (random() - 0.5) * 0.3,
  );
}

/** The ids of all items: "food-0" to "food-19", then the other themes. */
export const ITEMS = THEMES.flatMap((theme) =>
  Array.from({ length: 20 }, (_, number) => `${theme}-${number}`),
);

/** A catalogue of all items, each with its title as payload. */
export function smallCatalogue() {
  return Catalogue.from(
    ITEMS.map((item) => [item, vectorOf(item), { title: item.toUpperCase() }]),
    { dim: DIM },
  );
}

/** One action per item, a minute apart, the last at NOW. */
export function actionsOn(...items) {
  return items.map((item, index) => ({ item, at: NOW - (items.length - 1 - index) * 60_000 }));
}

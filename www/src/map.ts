/** The map of the taste: each item where its meaning puts it, interests as islands, the medoid of each large. */
import { byId, draw, tinge } from "./dom.js";
import { itemOf, type Items } from "./items.js";
import type { View } from "./taste.js";
import { count, listed } from "./words.js";

const WIDTH = 440;
const HEIGHT = 310;
const MARGIN = 50;
/** Nearest that two emoji may stand, so that both can be seen. */
const APART = 30;

/** Places come in [-1, 1]; fewer than two say nothing about near and far. */
export function showMap(
  items: Items,
  { map, profile: { interests } }: View,
  hues: readonly number[],
): void {
  byId("map").hidden = map.length < 2;
  if (map.length < 2) return;
  const medoids = new Set(interests.map((interest) => interest.medoid));
  const spots = apart(
    map.map((place) => ({
      ...place,
      x: WIDTH / 2 + place.x * (WIDTH / 2 - MARGIN),
      y: HEIGHT / 2 - place.y * (HEIGHT / 2 - MARGIN),
      medoid: medoids.has(place.item),
    })),
  );

  // Each island is one group of equal discs, so that where they overlap they run together.
  const islands = interests.map((_, interest) => {
    const members = spots.filter((spot) => spot.interest === interest);
    const island = draw(
      "g",
      { class: "island" },
      ...members.map((spot) => draw("circle", { cx: spot.x, cy: spot.y, r: 34 })),
    );
    tinge(island, hues[interest]);
    return island;
  });
  const emoji = [...spots]
    .sort((a, b) => Number(a.medoid) - Number(b.medoid))
    .map((spot) =>
      draw(
        "text",
        { x: spot.x, y: spot.y, class: spot.medoid ? "glyph medoid" : "glyph" },
        itemOf(items, spot.item).emoji,
      ),
    );
  const words = interests.map(
    (interest) =>
      `${itemOf(items, interest.medoid).label}, with ${count(interest.items.length, "item")}`,
  );
  byId("map-picture").replaceChildren(
    draw(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "img",
        "aria-label": `A map of ${count(interests.length, "interest")}: ${listed(words)}`,
      },
      ...islands,
      ...emoji,
    ),
  );
}

/** Nudges spots that stand on each other until they can be told apart; the same spots always end in the same places. */
function apart<S extends { x: number; y: number; medoid: boolean }>(spots: S[]): S[] {
  for (let round = 0; round < 40; round += 1) {
    spots.forEach((a, index) => {
      for (const b of spots.slice(0, index)) {
        const room = APART + (a.medoid ? 8 : 0) + (b.medoid ? 8 : 0);
        // Two in exactly the same place part along a direction of their own.
        const [dx, dy] =
          a.x === b.x && a.y === b.y ? [Math.cos(index), Math.sin(index)] : [a.x - b.x, a.y - b.y];
        const distance = Math.hypot(dx, dy);
        if (distance >= room) continue;
        const push = (room - distance) / distance / 2;
        a.x = within(a.x + dx * push, WIDTH);
        a.y = within(a.y + dy * push, HEIGHT);
        b.x = within(b.x - dx * push, WIDTH);
        b.y = within(b.y - dy * push, HEIGHT);
      }
    });
  }
  return spots;
}

function within(at: number, length: number): number {
  return Math.min(Math.max(at, MARGIN / 2), length - MARGIN / 2);
}

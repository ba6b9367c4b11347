/** The map: items placed by meaning, interests as coloured islands, medoids drawn large. */
import type { Sage } from "pocketsage";
import { createHtml, createSvg, setHue } from "./dom.js";
import { formatCount, formatList } from "./format.js";
import { type Items, itemById } from "./items.js";
import type { RenderedState, ViewDefinition } from "./view.js";

/** Size of the picture and its margin, in SVG user units, as all lengths of this file. */
const WIDTH = 440;
const HEIGHT = 310;
const MARGIN = 50;
const ISLAND_RADIUS = 34;
/** Smallest distance at which two emoji of ordinary size do not overlap. */
const MIN_DOT_DISTANCE_PX = 30;
/** Added to MIN_DOT_DISTANCE_PX for each medoid of a pair, because medoids are drawn larger. */
const MEDOID_EXTRA_DISTANCE = 8;
const SEPARATION_ROUNDS = 40;

/** The position of an item on the map. */
interface Spot {
  x: number;
  y: number;
  isMedoid: boolean;
}

export const mapView: ViewDefinition = {
  id: "map",
  title: "Map",
  create(root, { items, sage }) {
    const picture = createHtml("div", { class: "map" });
    const note = "Your items by meaning: near means alike. The large one represents its interest.";
    root.append(picture, createHtml("p", { class: "muted" }, note));
    return {
      async render(state) {
        picture.replaceChildren(...drawMap(items, await sage().map(), state));
      },
    };
  },
};

/** The map from coordinates in [-1, 1]. With fewer than two items there is no distance to show. */
function drawMap(
  items: Items,
  map: Awaited<ReturnType<Sage["map"]>>,
  { profile: { interests }, hues }: RenderedState,
): readonly Element[] {
  if (map.length < 2) return [];
  const medoids = new Set(interests.map((interest) => interest.medoid));
  const spots = map.map((place) => ({
    ...place,
    x: WIDTH / 2 + place.x * (WIDTH / 2 - MARGIN),
    y: HEIGHT / 2 - place.y * (HEIGHT / 2 - MARGIN),
    isMedoid: medoids.has(place.item),
  }));
  separateAll(spots);

  const islands = interests.map((_, index) => {
    const discs = spots
      .filter((spot) => spot.interest === index)
      .map((spot) => createSvg("circle", { cx: spot.x, cy: spot.y, r: ISLAND_RADIUS }));
    const island = createSvg("g", { class: "island" }, ...discs);
    setHue(island, hues[index]);
    return island;
  });
  // SVG paints in document order: medoids last, above the other items.
  const glyphs = [...spots]
    .sort((a, b) => Number(a.isMedoid) - Number(b.isMedoid))
    .map(({ x, y, isMedoid, item }) =>
      createSvg(
        "text",
        { x, y, class: isMedoid ? "glyph medoid" : "glyph" },
        itemById(items, item).glyph,
      ),
    );
  const descriptions = interests.map(({ medoid, items: members }) => {
    const { label } = itemById(items, medoid);
    return `${label}, with ${formatCount(members.length, "item")}`;
  });
  const interestCount = formatCount(interests.length, "interest");
  const label = `A map of ${interestCount}: ${formatList(descriptions)}`;
  const attributes = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label };
  return [createSvg("svg", attributes, ...islands, ...glyphs)];
}

/**
 * Moves overlapping spots apart, in place, in SEPARATION_ROUNDS rounds over all pairs.
 * Deterministic: the same spots always move to the same positions.
 */
function separateAll(spots: readonly Spot[]): void {
  for (let round = 0; round < SEPARATION_ROUNDS; round += 1) {
    for (const [index, a] of spots.entries()) {
      for (const b of spots.slice(0, index)) separatePair(a, b, index);
    }
  }
}

/**
 * Moves two overlapping spots apart. Between spots at one position there is no direction: it is
 * derived from `index`, so that several such spots move in different directions.
 */
function separatePair(a: Spot, b: Spot, index: number): void {
  const requiredDistance =
    MIN_DOT_DISTANCE_PX +
    (a.isMedoid ? MEDOID_EXTRA_DISTANCE : 0) +
    (b.isMedoid ? MEDOID_EXTRA_DISTANCE : 0);
  const [dx, dy] =
    a.x === b.x && a.y === b.y ? [Math.cos(index), Math.sin(index)] : [a.x - b.x, a.y - b.y];
  const distance = Math.hypot(dx, dy);
  if (distance >= requiredDistance) return;
  const shift = (requiredDistance - distance) / distance / 2;
  a.x = clampToPicture(a.x + dx * shift, WIDTH);
  a.y = clampToPicture(a.y + dy * shift, HEIGHT);
  b.x = clampToPicture(b.x - dx * shift, WIDTH);
  b.y = clampToPicture(b.y - dy * shift, HEIGHT);
}

function clampToPicture(coordinate: number, length: number): number {
  return Math.min(Math.max(coordinate, MARGIN / 2), length - MARGIN / 2);
}

/** The recommendations, each with its reason: an interest, and its items nearest to it. */
import type { ItemId, Recommendation } from "pocketsage";
import { animateMoves } from "./animations.js";
import { byId, createGlyph, createHtml, createIconButton, reconcile, setHue } from "./dom.js";
import { formatList } from "./format.js";
import { type Item, type Items, itemById } from "./items.js";

export interface RecommendationListener {
  tap(item: Item): void;
  hide(item: Item): void;
}

/** Renders the list. `hueOf` returns the hue of the interest that has the given medoid. */
export function renderRecommendations(
  items: Items,
  recommendations: readonly Recommendation[],
  hueOf: (medoid: ItemId) => number,
  listener: RecommendationListener,
): void {
  const list = byId("recommendation-list");
  animateMoves(list, () =>
    reconcile(
      list,
      recommendations,
      ({ item }) => item,
      ({ item }) => createEntry(itemById(items, item), listener),
      (element, recommendation) => {
        const { medoid } = recommendation.because;
        setHue(element, medoid === undefined ? undefined : hueOf(medoid));
        element.querySelector(".because")?.replaceChildren(...createReason(items, recommendation));
      },
    ),
  );
}

function createEntry(item: Item, listener: RecommendationListener): HTMLElement {
  const button = createHtml(
    "button",
    { type: "button", class: "recommendation-button" },
    createGlyph(item.emoji),
    createHtml("span", { class: "name" }, item.label),
    createHtml("span", { class: "because" }),
  );
  button.addEventListener("click", () => listener.tap(item));
  const hide = createIconButton("Hide", () => listener.hide(item), `Hide ${item.label}`);
  return createHtml("li", { class: "recommendation" }, button, hide);
}

/**
 * The reason of a recommendation as nodes: "because of 🍕 pizza, near 🍔 🍟". Without an interest the
 * item stands for the whole catalogue.
 */
function createReason(
  items: Items,
  { because: { from, medoid, nearest } }: Recommendation,
): readonly (Node | string)[] {
  if (medoid === undefined) return [from === "popular" ? "popular" : "something else"];
  const source = itemById(items, medoid);
  const others = nearest.filter((id) => id !== medoid).map((id) => itemById(items, id));
  const cause = createHtml(
    "span",
    {},
    "because of ",
    createGlyph(source.emoji),
    ` ${source.label}${others.length > 0 ? "," : ""}`,
  );
  if (others.length === 0) return [cause];
  const title = formatList(others.map((item) => item.label));
  const glyphs = others.map((item) => createGlyph(item.emoji));
  const labels = createHtml("span", { class: "visually-hidden" }, title);
  return [cause, " ", createHtml("span", { title }, "near ", ...glyphs, labels)];
}

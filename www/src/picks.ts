/** The recommendations, each with the reason for it: the interest that asked for it, and the user's items it is nearest to. */
import type { Recommendation } from "pocketsage";
import { byId, glyph, keep, make, tinge } from "./dom.js";
import { itemOf, type Item, type Items } from "./items.js";
import { glide } from "./motion.js";
import { listed } from "./words.js";

export interface PickListener {
  tap(item: Item): void;
  hide(item: Item): void;
}

/** `hueOf` gives the hue of the interest whose medoid this is. */
export function showPicks(
  items: Items,
  picks: readonly Recommendation[],
  hueOf: (medoid: string) => number,
  listener: PickListener,
): void {
  const list = byId("pick-list");
  glide(list, () =>
    keep(
      list,
      picks,
      (pick) => pick.item,
      (pick) => create(itemOf(items, pick.item), listener),
      (element, pick) => {
        tinge(element, hueOf(pick.because.medoid));
        element.querySelector(".because")?.replaceChildren(...because(items, pick));
      },
    ),
  );
}

function create(item: Item, listener: PickListener): HTMLElement {
  const take = make(
    "button",
    { type: "button", class: "take" },
    glyph(item.emoji),
    make("span", { class: "name" }, item.label),
    make("span", { class: "because" }),
  );
  const hide = make(
    "button",
    { type: "button", class: "hide", title: "Hide", "aria-label": `Hide ${item.label}` },
    "×",
  );
  take.addEventListener("click", () => listener.tap(item));
  hide.addEventListener("click", () => listener.hide(item));
  return make("li", { class: "pick" }, take, hide);
}

/** "because of 🍕 pizza, near 🍔 🍟" */
function because(
  items: Items,
  { because: { medoid, nearest } }: Recommendation,
): (Node | string)[] {
  const source = itemOf(items, medoid);
  const near = nearest.filter((id) => id !== medoid).map((id) => itemOf(items, id));
  const reason = make(
    "span",
    {},
    "because of ",
    glyph(source.emoji),
    ` ${source.label}${near.length > 0 ? "," : ""}`,
  );
  if (near.length === 0) return [reason];
  const names = listed(near.map((item) => item.label));
  const glyphs = near.map((item) => glyph(item.emoji));
  return [
    reason,
    " ",
    make("span", { title: names }, "near ", ...glyphs, make("span", { class: "unseen" }, names)),
  ];
}

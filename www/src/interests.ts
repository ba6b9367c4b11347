/** The interests as cards, most important first, and the same in one line: the strip that stays in sight on a phone. */
import type { Interest } from "pocketsage";
import { byId, glyph, keep, make, tinge } from "./dom.js";
import { itemOf, type Item, type Items } from "./items.js";
import { glide } from "./motion.js";
import type { View } from "./taste.js";
import { ago, count, duration, listed, share } from "./words.js";

/** Members shown on a card; the rest are counted. */
const MEMBERS = 12;

export function showInterests(
  items: Items,
  view: View,
  hues: readonly number[],
  open: (item: Item) => void,
): void {
  const { interests, actions } = view.profile;
  const list = byId("interest-cards");
  const entries = interests.map((interest, place) => ({ interest, hue: hues[place] ?? 0 }));
  // A hue belongs to one interest at a time and stays with it, so it tells which card is which.
  const key = ({ hue, interest }: (typeof entries)[number]): string =>
    interests.length > 8 ? interest.medoid : String(hue);
  list.style.setProperty("--columns", String(columns(interests.length)));
  const create = (): HTMLElement => make("li", { class: "card" });
  glide(list, () =>
    keep(list, entries, key, create, (card, { interest, hue }) =>
      fill(card, items, interest, hue, open),
    ),
  );

  byId("invitation").hidden = actions > 0;
  byId("interests-note").textContent =
    actions > 0 ? `${count(interests.length, "interest")} in ${count(actions, "action")}` : "";
  const took = make(
    "strong",
    { title: "profile() and recommend(), to the worker and back" },
    duration(view.milliseconds),
  );
  byId("pace").replaceChildren(
    ...(actions > 0 ? [make("span", { class: "pace-word" }, "Last update "), took] : []),
  );
  showStrip(items, entries);
}

/** "3 interests: pizza 42%, dog 33% and tennis 25%" */
export function inWords(items: Items, interests: readonly Interest[]): string {
  if (interests.length === 0) return "No interests yet";
  const each = interests.map(
    (interest) => `${itemOf(items, interest.medoid).label} ${share(interest.importance)}`,
  );
  return `${count(interests.length, "interest")}: ${listed(each)}`;
}

/** No card is left alone in its row, as far as that can be had. */
function columns(cards: number): number {
  if (cards <= 4) return Math.max(cards, 1);
  return cards <= 6 || cards === 9 ? 3 : 4;
}

function fill(
  card: HTMLElement,
  items: Items,
  interest: Interest,
  hue: number,
  open: (item: Item) => void,
): void {
  const medoid = itemOf(items, interest.medoid);
  tinge(card, hue);
  card.style.setProperty("--share", share(interest.importance));
  card.dataset["medoid"] = interest.medoid;
  let face = card.querySelector<HTMLElement>(".face");
  let members = card.querySelector<HTMLElement>(".members");
  if (face === null || members === null) {
    face = make("div", { class: "face" });
    members = make("ul", { class: "members", "aria-label": "Items of this interest" });
    card.replaceChildren(
      face,
      make("div", { class: "bar", "aria-hidden": "true" }),
      members,
      make("p", { class: "last soft" }),
    );
  }
  face.replaceChildren(
    glyph(medoid.emoji),
    make("h3", {}, medoid.label),
    make(
      "p",
      { class: "share" },
      share(interest.importance),
      make("span", { class: "unseen" }, " of your taste"),
    ),
  );
  const shown = interest.items.slice(0, MEMBERS);
  keep(
    members,
    shown,
    (id) => id,
    (id) => {
      const item = itemOf(items, id);
      const names = { title: item.label, "aria-label": `${item.label}: more` };
      const button = make(
        "button",
        { type: "button", class: "member", ...names },
        glyph(item.emoji),
      );
      button.addEventListener("click", () => open(item));
      return make("li", {}, button);
    },
    () => undefined,
  );
  const rest = interest.items.length - shown.length;
  card
    .querySelector(".last")
    ?.replaceChildren(
      ...(rest > 0 ? [`and ${rest} more · `] : []),
      "last active ",
      make(
        "time",
        { datetime: new Date(interest.lastActive).toISOString() },
        ago(interest.lastActive),
      ),
    );
}

function showStrip(items: Items, entries: readonly { interest: Interest; hue: number }[]): void {
  const strip = byId("strip");
  strip.hidden = entries.length === 0;
  strip.setAttribute(
    "aria-label",
    `${inWords(
      items,
      entries.map(({ interest }) => interest),
    )}. Go to your interests`,
  );
  strip.replaceChildren(
    ...entries.map(({ interest, hue }) => {
      const part = make("span", {}, glyph(itemOf(items, interest.medoid).emoji));
      tinge(part, hue);
      part.style.flexGrow = String(interest.importance);
      return part;
    }),
  );
}

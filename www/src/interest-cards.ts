/**
 * The interests as cards, most important first, and, on narrow screens, as a strip in the header.
 */
import type { Interest } from "pocketsage";
import { animateMoves } from "./animations.js";
import type { ViewState } from "./controller.js";
import { byId, createGlyph, createHtml, reconcile, setHue } from "./dom.js";
import { formatAge, formatCount, formatDuration, formatList, formatShare } from "./format.js";
import { type Item, type Items, itemById } from "./items.js";

/** Largest number of members shown on a card; its last line has the number of the others. */
const MAX_MEMBERS_SHOWN = 12;
/** Number of distinct hues. With more interests, hues repeat and cannot identify a card. */
const MAX_DISTINCT_HUES = 8;

/**
 * Renders the cards, the strip, and the latency of the last update. `hues[i]` is the hue of the
 * i-th interest. `open` is called with a member that is clicked.
 */
export function renderInterests(
  items: Items,
  state: ViewState,
  hues: readonly number[],
  open: (item: Item) => void,
): void {
  const { interests, actions } = state.profile;
  const list = byId("interest-cards");
  const entries = interests.map((interest, index) => ({ interest, hue: hues[index] ?? 0 }));
  // An interest keeps its hue while its medoid may change, so the hue is the better key.
  const keyOf = ({ hue, interest }: (typeof entries)[number]): string =>
    interests.length > MAX_DISTINCT_HUES ? interest.medoid : String(hue);
  list.style.setProperty("--columns", String(columnsFor(interests.length)));
  animateMoves(list, () =>
    reconcile(list, entries, keyOf, createCard, (card, { interest, hue }) =>
      updateCard(card, items, interest, hue, open),
    ),
  );

  byId("empty-state").hidden = actions > 0;
  byId("interests-note").textContent =
    actions > 0
      ? `${formatCount(interests.length, "interest")} in ${formatCount(actions, "action")}`
      : "";
  const latency = createHtml(
    "strong",
    { title: "profile() and recommend(), to the worker and back" },
    formatDuration(state.latencyMs),
  );
  const label = createHtml("span", { class: "latency-label" }, "Last update ");
  byId("latency").replaceChildren(...(actions > 0 ? [label, latency] : []));
  renderStrip(items, entries);
}

/** The interests as one phrase: "3 interests: pizza 42%, dog 33% and tennis 25%" */
export function describeInterests(items: Items, interests: readonly Interest[]): string {
  if (interests.length === 0) return "No interests yet";
  const descriptions = interests.map(
    ({ medoid, importance }) => `${itemById(items, medoid).label} ${formatShare(importance)}`,
  );
  return `${formatCount(interests.length, "interest")}: ${formatList(descriptions)}`;
}

/** The number of columns of the card grid. If possible, no row has a single card. */
function columnsFor(cardCount: number): number {
  if (cardCount <= 4) return Math.max(cardCount, 1);
  return cardCount <= 6 || cardCount === 9 ? 3 : 4;
}

/** A card without content; `updateCard` fills it. */
function createCard(): HTMLElement {
  return createHtml(
    "li",
    { class: "card" },
    createHtml("div", { class: "card-head" }),
    createHtml("div", { class: "bar", "aria-hidden": "true" }),
    createHtml("ul", { class: "members", "aria-label": "Items of this interest" }),
    createHtml("p", { class: "last-active muted" }),
  );
}

function updateCard(
  card: HTMLElement,
  items: Items,
  interest: Interest,
  hue: number,
  open: (item: Item) => void,
): void {
  const medoid = itemById(items, interest.medoid);
  const share = formatShare(interest.importance);
  setHue(card, hue);
  card.style.setProperty("--share", share);
  card.dataset.medoid = interest.medoid;
  const shareSuffix = createHtml("span", { class: "visually-hidden" }, " of your taste");
  card
    .querySelector(".card-head")
    ?.replaceChildren(
      createGlyph(medoid.emoji),
      createHtml("h3", {}, medoid.label),
      createHtml("p", { class: "share" }, share, shareSuffix),
    );

  const shownItems = interest.items.slice(0, MAX_MEMBERS_SHOWN);
  const members = card.querySelector<HTMLElement>(".members");
  if (members !== null) {
    reconcile(
      members,
      shownItems,
      (id) => id,
      (id) => createMember(itemById(items, id), open),
      () => undefined,
    );
  }
  const hiddenCount = interest.items.length - shownItems.length;
  const datetime = new Date(interest.lastActive).toISOString();
  card
    .querySelector(".last-active")
    ?.replaceChildren(
      ...(hiddenCount > 0 ? [`and ${hiddenCount} more · `] : []),
      "last active ",
      createHtml("time", { datetime }, formatAge(interest.lastActive)),
    );
}

function createMember(item: Item, open: (item: Item) => void): HTMLElement {
  const labels = { title: item.label, "aria-label": `${item.label}: more` };
  const attributes = { type: "button", class: "member", ...labels };
  const button = createHtml("button", attributes, createGlyph(item.emoji));
  button.addEventListener("click", () => open(item));
  return createHtml("li", {}, button);
}

/** Renders the strip: one segment per interest, as wide as the interest is important. */
function renderStrip(items: Items, entries: readonly { interest: Interest; hue: number }[]): void {
  const strip = byId("interest-strip");
  const interests = entries.map(({ interest }) => interest);
  strip.hidden = entries.length === 0;
  strip.setAttribute("aria-label", `${describeInterests(items, interests)}. Go to your interests`);
  strip.replaceChildren(
    ...entries.map(({ interest, hue }) => {
      const { emoji } = itemById(items, interest.medoid);
      const segment = createHtml("span", {}, createGlyph(emoji));
      setHue(segment, hue);
      segment.style.flexGrow = String(interest.importance);
      return segment;
    }),
  );
}

/**
 * The interests as cards, most important first, and, on narrow screens, as a strip in the header.
 */
import type { Interest, ItemId } from "pocketsage";
import { animateMoves } from "./animations.js";
import { byId, createGlyph, createHtml, reconcile, setContent, setHue } from "./dom.js";
import { formatAge, formatCount, formatDuration, formatList, formatShare } from "./format.js";
import { createIcon, type IconName } from "./icons.js";
import { type Item, type Items, itemById } from "./items.js";
import { nameOf, type RenderedState, type ViewContext, type ViewDefinition } from "./view.js";

/** Maximum numbers of members on a large and on a small card. A last line counts the others. */
const MAX_MEMBERS = 12;
const MAX_MEMBERS_COMPACT = 8;
/** Maximum number of segments of the strip: as many as fit into the width of a phone. */
const MAX_STRIP_SEGMENTS = 10;
/** Number of distinct hues. With more interests, hues repeat and cannot identify a card. */
const MAX_DISTINCT_HUES = 8;
/** With more interests, cards are small. */
const MAX_LARGE_CARDS = 6;
/** The factor of the button that raises an interest. */
const BOOST_FACTOR = 2;

export const interestsView: ViewDefinition = {
  id: "interests",
  title: "Interests",
  create(root, context) {
    const list = createHtml("ol", { id: "interest-cards", class: "cards" });
    root.append(list);
    return { render: (state) => renderCards(list, state, context) };
  },
};

function renderCards(list: HTMLElement, state: RenderedState, context: ViewContext): void {
  const { interests } = state.profile;
  const entries = interests.map((interest, index) => ({ interest, hue: state.hues[index] ?? 0 }));
  // An interest keeps its hue while its medoid may change, so the hue is the better key.
  const keyOf = ({ hue, interest }: (typeof entries)[number]): string =>
    interests.length > MAX_DISTINCT_HUES ? interest.medoid : String(hue);
  list.classList.toggle("compact", interests.length > MAX_LARGE_CARDS);
  animateMoves([list], () =>
    reconcile(list, entries, keyOf, createCard, (card, { interest, hue }) =>
      updateCard(card, interest, hue, state, context),
    ),
  );
}

/** Renders the number of interests and the latency, which are shown beside every view. */
export function renderSummary(state: RenderedState): void {
  const { interests, actions } = state.profile;
  byId("interests-note").textContent =
    actions > 0
      ? `${formatCount(interests.length, "interest")} in ${formatCount(actions, "action")}`
      : "";
  const latency = createHtml(
    "strong",
    { title: "The profile and both lists, to the worker and back" },
    formatDuration(state.latencyMs),
  );
  const label = createHtml("span", { class: "latency-label" }, "Last update ");
  byId("latency").replaceChildren(...(actions > 0 ? [label, latency] : []));
}

/** Renders the strip of the header, or, without actions, the introduction. */
export function renderStrip(items: Items, { profile, hues }: RenderedState): void {
  const { interests, actions } = profile;
  byId("empty-state").hidden = actions > 0;
  const strip = byId("interest-strip");
  strip.hidden = interests.length === 0;
  strip.setAttribute("aria-label", `${describeInterests(items, interests)}. Go to your interests`);
  strip.replaceChildren(
    ...interests.slice(0, MAX_STRIP_SEGMENTS).map((interest, index) => {
      const segment = createHtml("span", {}, createGlyph(itemById(items, interest.medoid)));
      setHue(segment, hues[index]);
      segment.style.flexGrow = String(interest.importance);
      return segment;
    }),
  );
}

/** The interests as one phrase: "3 interests: pizza 42%, dog 33% and tennis 25%" */
export function describeInterests(items: Items, interests: readonly Interest[]): string {
  if (interests.length === 0) return "No interests yet";
  const descriptions = interests.map(
    ({ medoid, importance }) => `${itemById(items, medoid).label} ${formatShare(importance)}`,
  );
  return `${formatCount(interests.length, "interest")}: ${formatList(descriptions)}`;
}

/** A card without content; `updateCard` fills it. */
function createCard(): HTMLElement {
  return createHtml(
    "li",
    { class: "card" },
    createHtml("div", { class: "card-head" }),
    createHtml("p", { class: "interest-name" }),
    createHtml("div", { class: "bar", "aria-hidden": "true" }),
    createHtml("ul", { class: "members", "aria-label": "Items of this interest" }),
    createHtml("p", { class: "last-active muted" }),
    createHtml("div", { class: "steering", role: "group", "aria-label": "Weight" }),
  );
}

function updateCard(
  card: HTMLElement,
  interest: Interest,
  hue: number,
  state: RenderedState,
  { items, open, controller, announce }: ViewContext,
): void {
  const medoid = itemById(items, interest.medoid);
  const share = formatShare(interest.importance);
  setHue(card, hue);
  if (card.style.getPropertyValue("--share") !== share) card.style.setProperty("--share", share);
  card.dataset.medoid = interest.medoid;
  setContent(card.querySelector(".card-head"), `${medoid.id} ${share}`, () => {
    const shareSuffix = createHtml("span", { class: "visually-hidden" }, " of your taste");
    return [
      createGlyph(medoid),
      createHtml("h3", {}, medoid.label),
      createHtml("p", { class: "share" }, share, shareSuffix),
    ];
  });
  const name = card.querySelector<HTMLElement>(".interest-name");
  const interestName = nameOf(state, interest);
  setContent(name, interestName, () => (interestName === "" ? [] : [interestName]));
  updateSteering(card, interest, state, (factor, text) =>
    announce(`${text} ${medoid.label}`, controller.boost(interest.medoid, factor)),
  );

  const isCompact = state.profile.interests.length > MAX_LARGE_CARDS;
  const shownItems = interest.items.slice(0, isCompact ? MAX_MEMBERS_COMPACT : MAX_MEMBERS);
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
  const age = formatAge(interest.lastActive);
  setContent(card.querySelector(".last-active"), `${hiddenCount} ${datetime} ${age}`, () => [
    ...(hiddenCount > 0 ? [`and ${hiddenCount} more · `] : []),
    "last active ",
    createHtml("time", { datetime }, age),
  ]);
}

/**
 * The buttons "More of it" and "Mute". A pressed one is in effect; pressing it again ends that. An
 * interest has the mark of any of its items, since medoids change.
 */
function updateSteering(
  card: HTMLElement,
  interest: Interest,
  state: RenderedState,
  boost: (factor: number, text: string) => void,
): void {
  const boosted = state.parameters.find(({ name }) => name === "boosted")?.value ?? [];
  const marks = boosted as readonly { item: ItemId; factor: number }[];
  const currentFactor = marks.findLast(({ item }) => interest.items.includes(item))?.factor ?? 1;
  card.classList.toggle("muted-interest", currentFactor === 0);
  const steering = card.querySelector<HTMLElement>(".steering");
  const createToggle = (icon: IconName, factor: number, text: string): HTMLElement => {
    const isPressed = currentFactor === factor;
    const button = createHtml(
      "button",
      { type: "button", class: "steer", "aria-pressed": String(isPressed) },
      createIcon(icon),
      text,
    );
    button.addEventListener("click", () =>
      boost(isPressed ? 1 : factor, isPressed ? "Ended for" : `${text}:`),
    );
    return button;
  };
  const focusedIndex = [...(steering?.children ?? [])].indexOf(document.activeElement as Element);
  setContent(steering, `${interest.medoid} ${currentFactor}`, () => [
    createToggle("boost", BOOST_FACTOR, `× ${BOOST_FACTOR}`),
    createToggle("mute", 0, "Mute"),
  ]);
  if (focusedIndex >= 0) (steering?.children[focusedIndex] as HTMLElement | undefined)?.focus();
}

function createMember(item: Item, open: (item: Item) => void): HTMLElement {
  const labels = { title: item.label, "aria-label": `${item.label}: more` };
  const attributes = { type: "button", class: "member", ...labels };
  const button = createHtml("button", attributes, createGlyph(item));
  button.addEventListener("click", () => open(item));
  return createHtml("li", {}, button);
}

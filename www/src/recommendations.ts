/**
 * The recommendations as two lists over the same actions: with several interests, and with one
 * average. On narrow screens a dock at the bottom repeats both as rows, while they are not in
 * sight.
 */
import type { ItemId, Recommendation } from "pocketsage";
import {
  byId,
  createGlyph,
  createHtml,
  createIconButton,
  reconcile,
  setContent,
  setHue,
} from "./dom.js";
import { formatCount, formatList } from "./format.js";
import { type Item, type Items, itemById } from "./items.js";
import { LIST_MODES, type ListMode } from "./settings.js";
import type { RenderedState } from "./view.js";
import type { RecommendationList } from "./worker-calls.js";

export interface RecommendationListener {
  tap(item: Item): void;
  hide(item: Item): void;
  dislike(item: Item): void;
  open(item: Item): void;
  selectLists(mode: ListMode): void;
}

export interface RecommendationLists {
  /** The lists whose entries move. */
  elements: readonly HTMLElement[];
  /** Whether the dock is shown, because the lists are not in sight. */
  isDocked(): boolean;
  /** Renders the dock alone, which takes half of the time. */
  renderDock(state: RenderedState): void;
  /** Renders all, or nothing if the lists are those of the latest state. */
  render(state: RenderedState): void;
}

/** The two lists: the suffix of their ids, and their content. */
const LISTS = [
  { suffix: "several", select: (state: RenderedState) => state.several },
  { suffix: "average", select: (state: RenderedState) => state.average },
] as const;

/** Maximum number of missed interests that are listed. */
const MAX_MISSED = 5;

const MODE_TITLES: Readonly<Record<ListMode, string>> = {
  several: "Several interests",
  average: "One average",
  both: "Side by side",
};

export function createRecommendationLists(
  items: Items,
  listener: RecommendationListener,
): RecommendationLists {
  const section = byId("recommendations");
  const dock = byId("dock");
  const modeButtons = LIST_MODES.map((mode) => {
    const attributes = { type: "button", class: "segment", value: mode };
    const button = createHtml("button", attributes, MODE_TITLES[mode]);
    button.addEventListener("click", () => listener.selectLists(mode));
    return button;
  });
  byId("list-modes").replaceChildren(...modeButtons);
  // The lists count as in sight once they fill a part of the window.
  new IntersectionObserver(
    ([entry]) => dock.classList.toggle("covered", entry?.isIntersecting ?? false),
    { rootMargin: "0px 0px -40% 0px" },
  ).observe(byId("recommendation-lists"));

  const narrowQuery = matchMedia("(max-width: 900px)"); // as in dock.css
  let latestState: RenderedState | undefined;

  /** The attribute `data-actions` of the section is the number of actions behind the picks. */
  const renderDock = (state: RenderedState): void => {
    const isEmpty = state.profile.actions === 0 || state.several.entries.length === 0;
    section.hidden = isEmpty;
    section.dataset.actions = String(state.profile.actions);
    dock.hidden = isEmpty;
    for (const { suffix, select } of LISTS)
      renderDockRow(byId(`dock-${suffix}`), items, select(state).entries, state, listener);
  };
  return {
    renderDock,
    isDocked: () => narrowQuery.matches && !dock.classList.contains("covered"),
    elements: LISTS.map(({ suffix }) => byId(`list-${suffix}`)),
    render(state) {
      const isEqual =
        latestState?.several === state.several &&
        latestState.average === state.average &&
        latestState.settings.lists === state.settings.lists;
      latestState = state;
      if (isEqual) return;
      renderDock(state);
      section.dataset.lists = state.settings.lists;
      for (const button of modeButtons)
        button.setAttribute("aria-pressed", String(button.value === state.settings.lists));
      for (const { suffix, select } of LISTS) {
        const list = select(state);
        renderList(byId(`list-${suffix}`), items, list.entries, state, listener);
        renderReach(byId(`reach-${suffix}`), items, list, state);
      }
    },
  };
}

function renderList(
  list: HTMLElement,
  items: Items,
  recommendations: readonly Recommendation[],
  state: RenderedState,
  listener: RecommendationListener,
): void {
  reconcile(
    list,
    recommendations,
    ({ item }) => item,
    ({ item }) => createEntry(itemById(items, item), listener),
    (element, recommendation) => {
      const { from, medoid, nearest } = recommendation.because;
      setHue(element, hueOfReason(recommendation, state));
      setContent(element.querySelector(".because"), [from, medoid, ...nearest].join(" "), () =>
        createReason(items, recommendation),
      );
    },
  );
}

function createEntry(item: Item, listener: RecommendationListener): HTMLElement {
  const button = createHtml(
    "button",
    { type: "button", class: "recommendation-button" },
    createGlyph(item),
    createHtml("span", { class: "name", title: item.label }, item.label),
    createHtml("span", { class: "because" }),
  );
  button.addEventListener("click", () => listener.tap(item));
  const actions = createHtml(
    "div",
    { class: "entry-actions" },
    createIconButton("less", "Less like this", () => listener.dislike(item), {
      label: `Less like ${item.label}`,
    }),
    createIconButton("close", "Hide", () => listener.hide(item), { label: `Hide ${item.label}` }),
    createIconButton("more", "More", () => listener.open(item), {
      label: `More about ${item.label}`,
    }),
  );
  return createHtml("li", { class: "recommendation" }, button, actions);
}

/** Shows the number of interests in a list, with one segment for each, and the list's likeness. */
function renderReach(
  element: HTMLElement,
  items: Items,
  { entries, likeness }: RecommendationList,
  state: RenderedState,
): void {
  const { interests } = state.profile;
  const counts = new Map<ItemId, number>();
  for (const { because } of entries)
    if (because.medoid !== undefined)
      counts.set(because.medoid, (counts.get(because.medoid) ?? 0) + 1);
  const missed = interests.filter(({ medoid }) => !counts.has(medoid));
  const reachedCount = interests.length - missed.length;
  const segments = interests.flatMap(({ medoid }, index) => {
    const count = counts.get(medoid) ?? 0;
    if (count === 0) return [];
    const title = `${itemById(items, medoid).label}: ${formatCount(count, "pick")}`;
    const segment = createHtml("span", { title });
    setHue(segment, state.hues[index]);
    segment.style.flexGrow = String(count);
    return [segment];
  });
  element.replaceChildren(
    createHtml("div", { class: "reach-bar", "aria-hidden": "true" }, ...segments),
    createHtml("p", {}, `reaches ${reachedCount} of ${formatCount(interests.length, "interest")}`),
    createMissed(missed.map(({ medoid }) => itemById(items, medoid))),
    createHtml(
      "p",
      { title: "The mean of the cosine between a pick and the nearest item that you tapped" },
      createHtml("strong", {}, likeness.toFixed(2)),
      " like what you tapped",
    ),
  );
}

/** The interests that a list leaves out: "misses 🎻 🦊". */
function createMissed(missed: readonly Item[]): HTMLElement {
  if (missed.length === 0) return createHtml("p", { class: "missed" }, "misses none");
  const shown = missed.slice(0, MAX_MISSED);
  const pictures = shown.flatMap((item) => [
    " ",
    item.isMonogram ? item.label : createGlyph(item),
    ...(item.isMonogram ? [] : [createHtml("span", { class: "visually-hidden" }, item.label)]),
  ]);
  const rest = missed.length > shown.length ? [` +${missed.length - shown.length}`] : [];
  const title = formatList(missed.map(({ label }) => label));
  return createHtml("p", { class: "missed some", title }, "misses", ...pictures, ...rest);
}

/** One row of the dock: the items as buttons that scroll sideways. */
function renderDockRow(
  row: HTMLElement,
  items: Items,
  recommendations: readonly Recommendation[],
  state: RenderedState,
  listener: RecommendationListener,
): void {
  reconcile(
    row,
    recommendations,
    ({ item }) => item,
    ({ item: id }) => {
      const item = itemById(items, id);
      const button = createHtml(
        "button",
        { type: "button", class: "dock-item", title: item.label, "aria-label": item.label },
        item.isMonogram ? item.label : createGlyph(item),
      );
      button.addEventListener("click", () => listener.tap(item));
      return createHtml("li", {}, button);
    },
    (element, recommendation) => setHue(element, hueOfReason(recommendation, state)),
  );
}

function hueOfReason({ because }: Recommendation, state: RenderedState): number | undefined {
  return because.medoid === undefined ? undefined : state.hueOf(because.medoid);
}

/**
 * The reason of a recommendation as nodes: "because of 🍕 pizza", "near 🍔 🍟". Without an interest
 * the item represents the whole catalogue.
 */
function createReason(
  items: Items,
  { because: { from, medoid, nearest } }: Recommendation,
): readonly (Node | string)[] {
  if (medoid === undefined) return [from === "popular" ? "popular" : "something else"];
  const source = itemById(items, medoid);
  const otherItems = nearest.filter((id) => id !== medoid).map((id) => itemById(items, id));
  const glyph = source.isMonogram ? [] : [createGlyph(source), " "];
  const cause = createHtml(
    "span",
    {},
    createHtml("span", { class: "because-words" }, "because of "),
    ...glyph,
    source.label,
  );
  if (otherItems.length === 0) return [cause];
  const title = formatList(otherItems.map((item) => item.label));
  const pictures = otherItems.filter((item) => !item.isMonogram).map(createGlyph);
  if (pictures.length < otherItems.length)
    return [cause, " ", createHtml("span", { title }, `near ${title}`)];
  const labels = createHtml("span", { class: "visually-hidden" }, title);
  return [cause, " ", createHtml("span", { title }, "near ", ...pictures, labels)];
}

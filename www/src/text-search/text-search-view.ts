/**
 * The view "Type": items for typed words, found while they are typed, by their words and by their
 * meaning, in the order of match and taste. Loaded when it is first selected.
 */
import { animateMoves } from "../animations.js";
import { createButton, createGlyph, createHtml, reconcile, setHue } from "../dom.js";
import { formatCount, formatDuration, formatList } from "../format.js";
import { type Item, itemById } from "../items.js";
import type { RenderedState, View, ViewContext } from "../view.js";
import type { FoundItem, TextAnswer } from "./text-session.js";

/** Maximum number of found items that are shown. */
const MAX_SHOWN = 24;
/** Maximum length of the text, in UTF-16 units. */
const MAX_LENGTH = 160;
/** The share of the taste in the score of an item, as `SageText.rank` has by default. */
const TASTE_SHARE = 0.3;
/** Words that an entry shows as its reason. */
const MAX_REASON_WORDS = 3;

/** A found item that the page shows. */
interface Entry extends FoundItem {
  shown: Item;
}

export function createTextSearchView(root: HTMLElement, context: ViewContext): View {
  const { source, items } = context;
  const isEnglish = source.encoderUrl !== "";
  const field = createHtml("input", {
    id: "typed",
    type: "search",
    role: "combobox",
    maxlength: MAX_LENGTH,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    enterkeyhint: "done",
    "aria-autocomplete": "list",
    "aria-controls": "found",
    "aria-expanded": "false",
    "aria-describedby": "typed-status",
  });
  const status = createHtml("p", { id: "typed-status", class: "typed-status", role: "status" });
  const wishes = createHtml("div", { class: "wishes", role: "group", "aria-label": "Examples" });
  const tasteBox = createHtml("input", { type: "checkbox", id: "typed-taste", checked: true });
  const taste = createHtml("label", { class: "check" }, tasteBox, " Your taste counts, too");
  const recordButton = createButton("", () => recordTyped(), { classes: "typed-record" });
  const options = createHtml("div", { class: "typed-options" }, recordButton, taste);
  const list = createHtml("ul", {
    id: "found",
    class: "found-list",
    role: "listbox",
    "aria-label": "Found items",
  });
  root.append(
    createHtml("label", { class: "typed-title", for: field.id }, "Type what you like"),
    field,
    wishes,
    status,
    options,
    list,
  );

  let state: RenderedState | undefined;
  let answer: TextAnswer | undefined;
  let entries: readonly Entry[] = [];
  /** The item that Enter records. */
  let active: string | undefined;
  let isSearching = false;
  let isOutdated = false;

  for (const wish of source.wishes)
    wishes.append(
      createButton(wish, () => {
        field.value = wish;
        field.focus();
        search();
      }),
    );
  field.addEventListener("input", () => {
    active = undefined;
    search();
  });
  field.addEventListener("keydown", onKey);
  tasteBox.addEventListener("change", search);
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the focus
  list.addEventListener("click", ({ target }) => {
    const key = (target as Element).closest<HTMLElement>(".found")?.dataset.key;
    if (key !== undefined) recordItem(key);
  });
  show();

  return {
    render(next) {
      // The taste of another profile orders the list differently.
      const isSameProfile = state?.profile === next.profile;
      state = next;
      if (isSameProfile && answer !== undefined) show();
      else search();
    },
    focus: () => field.focus(),
  };

  /** Searches the typed text; while a search runs, once more after it. */
  function search(): void {
    if (isSearching) {
      isOutdated = true;
      return;
    }
    isSearching = true;
    if (answer === undefined) status.textContent = "Loading the words of this catalogue …";
    const request = { text: field.value, encoderUrl: source.encoderUrl, taste: tasteShare() };
    context
      .call("findItems", request)
      .then(
        (result) => {
          if (isOutdated) return;
          answer = result;
          show();
          list.dataset.text = request.text.trim();
        },
        (error: unknown) => {
          status.textContent = "The words could not be loaded. Type again to try once more.";
          context.onError(error);
        },
      )
      .finally(() => {
        isSearching = false;
        if (!isOutdated) return;
        isOutdated = false;
        search();
      });
  }

  function tasteShare(): number {
    return tasteBox.checked && hasTaste() ? TASTE_SHARE : 0;
  }

  function hasTaste(): boolean {
    return (state?.profile.actions ?? 0) > 0;
  }

  function show(): void {
    const text = field.value.trim();
    entries = (answer?.found ?? [])
      .flatMap((entry) => {
        const shown = items.get(entry.item);
        return shown === undefined ? [] : [{ ...entry, shown }];
      })
      .slice(0, MAX_SHOWN);
    if (!entries.some(({ item }) => item === active)) active = entries[0]?.item;
    wishes.hidden = text !== "" || source.wishes.length === 0;
    taste.hidden = !hasTaste() || entries.length === 0;
    recordButton.hidden = answer?.hasVector !== true || text === "";
    recordButton.textContent = `Like “${shorten(text)}” itself`;
    options.hidden = taste.hidden && recordButton.hidden;
    if (answer !== undefined)
      status.textContent = describe(answer, entries.length, text, isEnglish);
    list.hidden = entries.length === 0;
    animateMoves([list], () => reconcile(list, entries, ({ item }) => item, createEntry, update));
    markActive();
  }

  function update(element: HTMLElement, entry: Entry): void {
    const isOwn = state?.hueOf(entry.item) !== undefined;
    const isLifted = entry.lift > 0 && entry.interest !== undefined;
    const liftedBy = isLifted ? (entry.interest ?? "") : "";
    setHue(element, state?.hueOf(isOwn ? entry.item : liftedBy));
    element.querySelector(".reason")?.replaceChildren(...reasonOf(entry, isOwn));
  }

  /** Why the item is here: its words, else its meaning; and what the taste does to its place. */
  function reasonOf(
    { words, isNamed, likeness, lift, interest, shown }: Entry,
    isOwn: boolean,
  ): (Node | string)[] {
    const marked = words
      .slice(0, MAX_REASON_WORDS)
      .flatMap((word, index) => [index > 0 ? ", " : "", createHtml("mark", {}, word)]);
    const meaning = likeness === undefined ? "" : ` ${likeness.toFixed(2)}`;
    let match: (Node | string)[] = [`meaning${meaning}`];
    if (isNamed) match = ["name: ", ...marked];
    else if (words.length > 0)
      match = ["words: ", ...marked, createHtml("span", {}, `, meaning${meaning}`)];
    const parts = createHtml("span", { class: "reason-part" }, ...match);
    if (isOwn) return [parts, createHtml("span", { class: "reason-part" }, "one of yours")];
    if (lift <= 0 || interest === undefined || interest === shown.id) return [parts];
    const cause = itemById(items, interest);
    const places = `up ${lift} by your taste for `;
    const name = cause.isMonogram ? cause.label : createGlyph(cause);
    const label = createHtml("span", { class: "visually-hidden" }, cause.label);
    const suffix = cause.isMonogram ? [] : [label];
    return [parts, createHtml("span", { class: "reason-part lift" }, places, name, ...suffix)];
  }

  function onKey(event: KeyboardEvent): void {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = entries.findIndex(({ item }) => item === active);
    const next = { ArrowDown: index + 1, ArrowUp: index - 1 }[event.key];
    if (next !== undefined && entries.length > 0) {
      active = entries[(next + entries.length) % entries.length]?.item;
      markActive();
    } else if (event.key === "Enter" && active !== undefined) recordItem(active);
    else return;
    event.preventDefault();
  }

  function markActive(): void {
    field.setAttribute("aria-expanded", String(entries.length > 0));
    field.removeAttribute("aria-activedescendant");
    for (const element of list.children as HTMLCollectionOf<HTMLElement>) {
      const isActive = element.dataset.key === active;
      element.setAttribute("aria-selected", String(isActive));
      if (!isActive) continue;
      field.setAttribute("aria-activedescendant", element.id);
      if (document.activeElement === field) element.scrollIntoView({ block: "nearest" });
    }
  }

  function recordItem(id: string): void {
    active = id;
    markActive();
    context.tap(itemById(items, id));
  }

  function recordTyped(): void {
    const text = field.value.trim();
    const change = context.controller.recordText(text, source.encoderUrl);
    context.announce(`Liked “${shorten(text)}”`, change);
  }
}

function createEntry({ shown }: Entry): HTMLElement {
  return createHtml(
    "li",
    { id: `found-${shown.id}`, class: "found", role: "option", "aria-selected": "false" },
    createGlyph(shown),
    createHtml("span", { class: "name" }, shown.label),
    createHtml("span", { class: "reason" }),
  );
}

/** The result in plain words: what was found, or what prevents it. */
function describe(
  answer: TextAnswer,
  shownCount: number,
  text: string,
  isEnglish: boolean,
): string {
  const { unknownWords, hasEncoder, milliseconds } = answer;
  const unknown = formatList(unknownWords.map((word) => `“${shorten(word)}”`));
  const isOne = unknownWords.length === 1;
  const notWords = `${unknown} ${isOne ? "is not a word" : "are not words"} of this catalogue`;
  if (text === "")
    return hasEncoder
      ? "A word, or a few: they are searched by letters and by meaning, on this device."
      : "This catalogue has names only. With pocketsage build --text it has meanings, too.";
  if (shownCount === 0)
    return unknownWords.length > 0
      ? `Nothing found: ${notWords}${isEnglish ? ", whose texts are English" : ""}.`
      : "Nothing found: type a word, such as one of the examples.";
  const foundText = `${formatCount(shownCount, "item")} in ${formatDuration(milliseconds)}`;
  if (unknownWords.length === 0) return `${foundText}.`;
  return `${foundText}. ${notWords}; ${isOne ? "its" : "their"} letters are matched instead.`;
}

function shorten(text: string): string {
  const letters = [...text];
  return letters.length > 40 ? `${letters.slice(0, 39).join("")}…` : text;
}

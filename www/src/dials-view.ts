/** The dials: the options of recommendations as sliders, and what the user has marked. */
import type { ItemId, Parameter } from "pocketsage";
import { createButton, createGlyph, createHtml } from "./dom.js";
import { type Items, itemById } from "./items.js";
import { DEFAULT_SETTINGS, type NumberSetting, SETTING_RANGES } from "./settings.js";
import type { RenderedState, ViewContext, ViewDefinition } from "./view.js";

interface Dial {
  name: NumberSetting;
  title: string;
  /** The labels of the two ends of the slider. */
  ends: readonly [least: string, greatest: string];
  /** The description, if `sage.parameters()` has none for this name. */
  meaning?: string;
  step: number;
  /** The value as text, shown beside the slider. Its range is in SETTING_RANGES. */
  format(value: number): string;
}

const formatShare = (value: number): string => value.toFixed(2);
const DIALS: readonly Dial[] = [
  {
    name: "halfLifeDays",
    title: "Half-life",
    ends: ["only the newest counts", "the past counts, too"],
    meaning: "days after which an action counts half",
    step: 1,
    format: (days) => (days === 1 ? "1 day" : `${days} days`),
  },
  {
    name: "diversity",
    title: "Diversity",
    ends: ["the best matches", "unlike each other"],
    step: 0.05,
    format: formatShare,
  },
  {
    name: "explore",
    title: "Explore",
    ends: ["close to you", "far from you"],
    step: 0.1,
    format: formatShare,
  },
  {
    name: "popularity",
    title: "Popularity",
    ends: ["ignored", "preferred"],
    step: 0.1,
    format: formatShare,
  },
];

/** The lists of marked items in `sage.parameters()`, with the titles of the page. */
const MARKS = [
  { name: "hidden", title: "Hidden" },
  { name: "disliked", title: "Less like these" },
  { name: "boosted", title: "Weights of interests" },
] as const;

export const dialsView: ViewDefinition = {
  id: "dials",
  title: "Dials",
  create(root, context) {
    const dials = DIALS.map((dial) => createDial(dial, context));
    const reset = createButton("Reset all", () => {
      const { halfLifeDays, diversity, explore, popularity } = DEFAULT_SETTINGS;
      context.changeSettings({ halfLifeDays, diversity, explore, popularity });
    });
    const marks = createHtml("div", { class: "marks" });
    root.append(
      createHtml("div", { class: "dials" }, ...dials.map(({ element }) => element), reset),
    );
    root.append(marks);
    let hasPriors: boolean | undefined;
    return {
      async render(state) {
        for (const { update } of dials) update(state, hasPriors ?? true);
        reset.disabled = DIALS.every(({ name }) => state.settings[name] === DEFAULT_SETTINGS[name]);
        marks.replaceChildren(...createMarks(state.parameters, context));
        if (hasPriors !== undefined) return;
        hasPriors = await context.call("hasPriors");
        for (const { update } of dials) update(state, hasPriors);
      },
    };
  },
};

function createDial(
  { name, title, ends, meaning, step, format }: Dial,
  { changeSettings }: ViewContext,
): { element: HTMLElement; update(state: RenderedState, hasPriors: boolean): void } {
  const [min, max] = SETTING_RANGES[name];
  const id = `dial-${name}`;
  const output = createHtml("output", { for: id });
  const note = createHtml("p", { class: "muted", id: `${id}-note` });
  const slider = createHtml("input", {
    type: "range",
    id,
    min,
    max,
    step,
    "aria-describedby": note.id,
  });
  // A half-life opens the profile again, so it waits for the end of the movement.
  slider.addEventListener(name === "halfLifeDays" ? "change" : "input", () =>
    changeSettings({ [name]: Number(slider.value) }),
  );
  slider.addEventListener("input", () => {
    output.textContent = format(Number(slider.value));
  });
  const endLabels = ends.map((text) => createHtml("span", {}, text));
  const element = createHtml(
    "div",
    { class: "dial" },
    createHtml("label", { for: id }, title),
    output,
    slider,
    createHtml("div", { class: "dial-ends muted", "aria-hidden": "true" }, ...endLabels),
    note,
  );
  return {
    element,
    update({ settings, parameters }, hasPriors) {
      const isWithoutEffect = name === "popularity" && !hasPriors;
      slider.disabled = isWithoutEffect;
      if (document.activeElement !== slider) slider.value = String(settings[name]);
      output.textContent = format(Number(slider.value));
      const words = meaning ?? parameters.find((parameter) => parameter.name === name)?.meaning;
      note.textContent = isWithoutEffect
        ? "Without effect: this catalogue has no popularities."
        : (words ?? "");
    },
  };
}

/** The items that the user has marked, each with a button that removes the mark. */
function createMarks(parameters: readonly Parameter[], context: ViewContext): HTMLElement[] {
  const { items, controller, announce } = context;
  return MARKS.flatMap(({ name, title }) => {
    const parameter = parameters.find((entry) => entry.name === name);
    const value = parameter?.value;
    if (!Array.isArray(value) || value.length === 0) return [];
    const chips = value.map((entry: ItemId | { item: ItemId; factor: number }) => {
      const id = typeof entry === "string" ? entry : entry.item;
      const { label } = itemById(items, id);
      const suffix = typeof entry === "string" ? "" : describeFactor(entry.factor);
      const end = {
        hidden: () => controller.unhide(id),
        disliked: () => controller.undislike(id),
        boosted: () => controller.boost(id, 1),
      }[name];
      return createMark(items, id, `${label}${suffix}`, () =>
        announce(`Ended the mark of ${label}`, end()),
      );
    });
    return [
      createHtml(
        "div",
        {},
        createHtml("h3", {}, title),
        createHtml("p", { class: "muted" }, parameter?.meaning ?? ""),
        createHtml("ul", { class: "mark-list" }, ...chips),
      ),
    ];
  });
}

function createMark(items: Items, id: ItemId, text: string, end: () => void): HTMLElement {
  const button = createHtml(
    "button",
    {
      type: "button",
      class: "mark",
      title: "End this mark",
      "aria-label": `${text}: end this mark`,
    },
    createGlyph(itemById(items, id)),
    text,
    createHtml("span", { "aria-hidden": "true" }, "×"),
  );
  button.addEventListener("click", end);
  return createHtml("li", {}, button);
}

function describeFactor(factor: number): string {
  return factor === 0 ? " muted" : ` × ${factor}`;
}

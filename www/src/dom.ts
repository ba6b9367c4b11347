/** The few things the page needs to say to the document: find, make, and keep a list in step with what it shows. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** The element with this id; a page without it is broken, so that is an error. */
export function byId<E extends Element = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no element with the id "${id}"`);
  return element as Element as E;
}

/** A new element. `true` sets an empty attribute; `false` and `undefined` leave it out. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** The same for SVG. */
export function draw(
  tag: string,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** Gives the element the colour of an interest; the style sheet makes every tint of it from the hue. */
export function tinge(element: HTMLElement | SVGElement, hue: number | undefined): void {
  if (hue === undefined) {
    delete element.dataset["hue"];
    return;
  }
  element.dataset["hue"] = String(hue);
  element.style.setProperty("--hue", String(hue));
}

/** An emoji for the eye; its name stands beside it in words. */
export function glyph(emoji: string): HTMLElement {
  return make("span", { class: "glyph", "aria-hidden": "true" }, emoji);
}

/**
 * Keeps the children of `list` in step with `entries`: an element is made once per key and updated after, so that what has not
 * changed keeps its focus and its place. When the focused element goes, the focus goes to whatever took its place.
 */
export function keep<T>(
  list: HTMLElement,
  entries: readonly T[],
  key: (entry: T) => string,
  create: (entry: T) => HTMLElement,
  update: (element: HTMLElement, entry: T) => void,
): void {
  const before = [...list.children] as HTMLElement[];
  const focused = before.findIndex((child) => child.contains(document.activeElement));
  const known = new Map(before.map((child) => [child.dataset["key"] ?? "", child]));
  const after = entries.map((entry) => {
    const element = known.get(key(entry)) ?? create(entry);
    element.dataset["key"] = key(entry);
    update(element, entry);
    return element;
  });
  const staying = new Set(after);
  for (const child of before) if (!staying.has(child)) child.remove();
  after.forEach((element, place) => {
    if (list.children[place] !== element) list.insertBefore(element, list.children[place] ?? null);
  });
  const lost = before[focused];
  if (lost !== undefined && !staying.has(lost)) {
    (
      after[Math.min(focused, after.length - 1)]?.querySelector("button") ??
      list.closest<HTMLElement>("[tabindex]")
    )?.focus();
  }
}

function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

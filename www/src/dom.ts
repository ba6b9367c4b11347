/** Functions that find and create elements, and that make a list element match its entries. */
import { createIcon, type IconName } from "./icons.js";
import type { Item } from "./items.js";

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** The element with this id. Throws if index.html has none. */
export function byId<E extends Element = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no element with the id "${id}"`);
  return element as Element as E;
}

/** A new HTML element. `true` sets an empty attribute; `false` and `undefined` set none. */
export function createHtml<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** A new SVG element; attributes as for `createHtml`. */
export function createSvg(
  tag: string,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** A button with a click handler. `classes` are added to the class "button". */
export function createButton(
  text: string,
  onClick: () => void,
  { label, classes = "" }: { label?: string; classes?: string } = {},
): HTMLButtonElement {
  const attributes = { type: "button", class: `button ${classes}`.trimEnd(), "aria-label": label };
  const button = createHtml("button", attributes, text);
  button.addEventListener("click", onClick);
  return button;
}

/** A round button with an icon. `label` is for assistive technology, `title` for the tooltip. */
export function createIconButton(
  icon: IconName,
  title: string,
  onClick: () => void,
  { label = title }: { label?: string } = {},
): HTMLButtonElement {
  const attributes = { type: "button", class: `icon-button ${icon}`, title, "aria-label": label };
  const button = createHtml("button", attributes, createIcon(icon));
  button.addEventListener("click", onClick);
  return button;
}

/**
 * Gives the element the colours of an interest, which palette.css derives from `hue`, in degrees.
 * With `undefined` the element loses its colours.
 */
export function setHue(element: HTMLElement | SVGElement, hue: number | undefined): void {
  // Writing an equal value would compute the styles of the element again.
  if (element.dataset.hue === (hue === undefined ? undefined : String(hue))) return;
  if (hue === undefined) {
    delete element.dataset.hue;
    return;
  }
  element.dataset.hue = String(hue);
  element.style.setProperty("--hue", String(hue));
}

/** The keys of the latest contents of {@link setContent}. */
const contentKeys = new WeakMap<Element, string>();

/** Replaces the children of the element, unless it has those of an equal `key`. */
export function setContent(
  element: Element | null,
  key: string,
  create: () => readonly (Node | string)[],
): void {
  if (element === null || contentKeys.get(element) === key) return;
  contentKeys.set(element, key);
  element.replaceChildren(...create());
}

/** The glyph of an item, hidden from assistive technology: callers show its name as text, too. */
export function createGlyph({
  glyph,
  isMonogram,
}: Pick<Item, "glyph" | "isMonogram">): HTMLElement {
  const classes = isMonogram ? "glyph monogram" : "glyph";
  return createHtml("span", { class: classes, "aria-hidden": "true" }, glyph);
}

/**
 * Makes the children of `list` match `entries`, in order. An element is created once per key and
 * later updated, so that unchanged elements keep their focus and position. When the focused
 * element is removed, the focus moves to the button of the element now at its index, or, in an
 * empty list, to the nearest focusable ancestor.
 */
export function reconcile<T>(
  list: HTMLElement,
  entries: readonly T[],
  keyOf: (entry: T) => string,
  create: (entry: T) => HTMLElement,
  update: (element: HTMLElement, entry: T) => void,
): void {
  const oldElements = [...list.children] as HTMLElement[];
  const focusedIndex = oldElements.findIndex((child) => child.contains(document.activeElement));
  const byKey = new Map(oldElements.map((child) => [child.dataset.key ?? "", child]));
  const newElements = entries.map((entry) => {
    const key = keyOf(entry);
    const element = byKey.get(key) ?? create(entry);
    element.dataset.key = key;
    update(element, entry);
    return element;
  });
  const keptElements = new Set(newElements);
  for (const child of oldElements) if (!keptElements.has(child)) child.remove();
  newElements.forEach((element, index) => {
    // An element that is already at its index must not be moved: moving removes its focus.
    const currentElement = list.children[index];
    if (currentElement !== element) list.insertBefore(element, currentElement ?? null);
  });
  const focusedElement = oldElements[focusedIndex];
  if (focusedElement === undefined || keptElements.has(focusedElement)) return;
  const successor = newElements[Math.min(focusedIndex, newElements.length - 1)];
  const focusTarget =
    successor?.querySelector("button") ?? list.closest<HTMLElement>("[tabindex]") ?? undefined;
  focusTarget?.focus();
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

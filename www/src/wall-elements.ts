/** The elements of the wall: groups, buttons of items, and buttons of the category filter. */
import { createGlyph, createHtml } from "./dom.js";
import { GROUPS, type Item } from "./items.js";

/** The value of the button "All" in the category filter; other buttons have a group's name. */
export const ALL_GROUPS = "*";

/** A group of items, with the buttons that exist so far. */
export interface ItemGroup {
  name: string;
  element: HTMLElement;
  grid: HTMLElement;
  buttons: HTMLButtonElement[];
}

/** One array for each group, in the order of the first items. */
export function itemsByGroup(items: Iterable<Item>): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(item.group);
    if (group === undefined) groups.set(item.group, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** The group of the items, without buttons. */
export function createGroup(items: readonly Item[]): ItemGroup {
  const name = items[0]?.group ?? "";
  const isNamed = items.some(({ isMonogram }) => isMonogram);
  const grid = createHtml("div", { class: isNamed ? "items named" : "items" });
  const heading = createHtml(
    "h3",
    { id: `group-${name}` },
    GROUPS[name]?.name ?? (name || "Items"),
  );
  const element = createHtml(
    "div",
    { class: "item-group", role: "group", "aria-labelledby": heading.id },
    heading,
    grid,
  );
  return { name, element, grid, buttons: [] };
}

export function addButton({ grid, buttons }: ItemGroup, item: Item): HTMLButtonElement {
  const button = createItemButton(item);
  buttons.push(button);
  grid.append(button);
  return button;
}

/** Template of the item buttons: cloning takes half the time of setting attributes. */
const itemButton = createHtml("button", {
  type: "button",
  class: "item",
  tabindex: -1,
  "aria-keyshortcuts": "S",
});

export function createItemButton(item: Item): HTMLButtonElement {
  const button = itemButton.cloneNode() as HTMLButtonElement;
  button.value = item.id;
  button.title = item.label;
  button.setAttribute("aria-label", item.label);
  button.append(item.isMonogram ? item.label : createGlyph(item));
  return button;
}

export function createFilterButton(group: string, hasEmoji: boolean): HTMLElement {
  const isAll = group === ALL_GROUPS;
  const attributes = { type: "button", class: "chip", value: group, "aria-pressed": String(isAll) };
  if (isAll) return createHtml("button", attributes, "All");
  const knownGroup = GROUPS[group];
  if (knownGroup === undefined || !hasEmoji)
    return createHtml("button", attributes, knownGroup?.name ?? (group || "Other"));
  return createHtml(
    "button",
    { ...attributes, title: knownGroup.name, "aria-label": knownGroup.name },
    createGlyph({ glyph: knownGroup.emoji, isMonogram: false }),
  );
}

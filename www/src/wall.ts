/**
 * The wall: every item of the catalogue as a button, by group, with search and a category filter.
 * One button is in the tab order; the arrow keys move between buttons. Groups outside of the
 * viewport are not laid out (`content-visibility` in the style sheet), so that 1,900 buttons cost
 * no more than the 90 in sight.
 */
import type { ItemId } from "pocketsage";
import { animateTap } from "./animations.js";
import type { CatalogueSource } from "./catalogues.js";
import { byId, createGlyph, createHtml, setHue } from "./dom.js";
import { formatCount } from "./format.js";
import { nextIndex } from "./grid-navigation.js";
import { GROUPS, type Item, type Items, matchesQuery } from "./items.js";
import { forEachInSlices, nextFrame } from "./slices.js";

/** The value of the button "All" in the category filter; other buttons have a group's name. */
const ALL_GROUPS = "*";
/** Largest number of buttons on the wall. */
const MAX_BUTTONS = 2400;
/** With more groups there is no category filter. */
const MAX_FILTERS = 12;

export interface WallListener {
  tap(item: Item): void;
  save(item: Item): void;
  /** Long press, right mouse button or menu key. */
  open(item: Item): void;
}

export interface Wall {
  /** Resolves when every item has its button. */
  complete: Promise<void>;
  /** Colours the user's items. `hues` maps each to the hue of its interest. */
  setHues(hues: ReadonlyMap<ItemId, number>): void;
}

interface ItemGroup {
  name: string;
  element: HTMLElement;
  grid: HTMLElement;
  buttons: HTMLButtonElement[];
}

export function createWall(
  items: Items,
  { searchHint }: Pick<CatalogueSource, "searchHint">,
  listener: WallListener,
): Wall {
  const root = byId("wall");
  const search = byId<HTMLInputElement>("search");
  const filterBar = byId("groups");
  /** Large catalogues: only the first matches of each search have buttons. */
  const isPartial = items.size > MAX_BUTTONS;
  let groups: readonly ItemGroup[] = [];
  let buttons: ReadonlyMap<ItemId, HTMLButtonElement> = new Map();
  let itemHues: ReadonlyMap<ItemId, number> = new Map();
  const emptyNote = createHtml("p", { class: "muted placeholder", hidden: true });
  let selectedGroup = ALL_GROUPS;

  search.placeholder = `Search: ${searchHint}`;
  const hasEmoji = [...items.values()].some(({ isMonogram }) => !isMonogram);
  filterBar.classList.toggle("named", !hasEmoji);
  const groupNames = [...new Set([...items.values()].map(({ group }) => group))];
  filterBar.hidden = groupNames.length < 2 || groupNames.length > MAX_FILTERS;
  if (!filterBar.hidden)
    filterBar.replaceChildren(
      ...[ALL_GROUPS, ...groupNames].map((name) => createFilterButton(name, hasEmoji)),
    );
  const complete = isPartial ? Promise.resolve(applyFilter()) : fillWall();

  search.addEventListener("input", applyFilter);
  filterBar.addEventListener("click", (event) => {
    const clicked = (event.target as Element).closest("button");
    if (clicked === null) return;
    selectedGroup = clicked.value;
    for (const button of filterBar.children)
      button.setAttribute("aria-pressed", String(button === clicked));
    applyFilter();
    root.scrollTop = 0;
  });
  root.addEventListener("click", (event) => callWithItem(event, listener.tap));
  root.addEventListener("contextmenu", (event) => {
    if (callWithItem(event, listener.open)) event.preventDefault();
  });
  root.addEventListener("focusin", (event) => setTabStop(event.target as HTMLButtonElement));
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.toLowerCase() === "s") callWithItem(event, listener.save);
    else moveFocus(event);
  });

  return {
    complete,
    setHues(hues) {
      itemHues = hues;
      showHues();
    },
  };

  /**
   * Shows the groups one by one, from the top, each in a frame of its own. A group joins the page
   * with all its buttons, so that its height does not change.
   */
  async function fillWall(): Promise<void> {
    const shownGroups: ItemGroup[] = [];
    groups = shownGroups;
    root.replaceChildren(emptyNote);
    for (const groupItems of itemsByGroup(items.values())) {
      const group = createGroup(groupItems);
      await forEachInSlices(groupItems, (item) => addButton(group, item));
      shownGroups.push(group);
      filterGroup(group);
      emptyNote.before(group.element);
      await nextFrame();
    }
    buttons = buttonsById(groups);
    showHues();
    applyFilter();
  }

  function showHues(): void {
    for (const [id, button] of buttons) {
      const hue = itemHues.get(id);
      // Most of the 1,900 buttons do not change; writing to each would cost a style update.
      if (button.dataset.hue === (hue === undefined ? undefined : String(hue))) continue;
      const label = items.get(id)?.label ?? id;
      setHue(button, hue);
      button.setAttribute("aria-label", hue === undefined ? label : `${label}, one of yours`);
    }
  }

  /** Calls `act` with the item whose button has the event. Returns whether there is an item. */
  function callWithItem(event: Event, act: (item: Item) => void): boolean {
    const button = (event.target as Element).closest<HTMLButtonElement>(".item");
    const item = button === null ? undefined : items.get(button.value);
    if (button === null || item === undefined) return false;
    animateTap(button);
    act(item);
    return true;
  }

  /** In a large catalogue, replaces the buttons by those of the first matches. */
  function showMatches(): void {
    const matches: Item[] = [];
    for (const item of items.values()) {
      if (matches.length >= MAX_BUTTONS) break;
      const isSelected = selectedGroup === ALL_GROUPS || selectedGroup === item.group;
      if (isSelected && matchesQuery(item, search.value)) matches.push(item);
    }
    groups = createGroups(matches);
    buttons = buttonsById(groups);
    root.replaceChildren(...groups.map((group) => group.element), emptyNote);
    showHues();
  }

  function applyFilter(): void {
    if (isPartial) showMatches();
    let totalVisible = 0;
    for (const group of groups) totalVisible += filterGroup(group);
    const total = formatCount(items.size, "thing");
    byId("wall-count").textContent =
      isPartial && totalVisible < items.size
        ? `${totalVisible.toLocaleString("en")} of ${total}`
        : formatCount(totalVisible, "thing");
    emptyNote.hidden = totalVisible > 0;
    const remedy = "Try another word, or all categories.";
    emptyNote.textContent = `Nothing here is called “${search.value}”. ${remedy}`;
    const first = visibleButtons().flat()[0];
    if (first !== undefined) setTabStop(first);
  }

  /** Shows the matching buttons of a group, and returns their number. */
  function filterGroup({ name, element, buttons }: ItemGroup): number {
    const isSelected = selectedGroup === ALL_GROUPS || selectedGroup === name;
    let visibleCount = 0;
    for (const button of buttons) {
      const item = items.get(button.value);
      button.hidden = item === undefined || !isSelected || !matchesQuery(item, search.value);
      if (!button.hidden) visibleCount += 1;
    }
    element.hidden = visibleCount === 0;
    // From this the style sheet estimates the height of groups outside of the viewport.
    element.style.setProperty("--item-count", String(visibleCount));
    return visibleCount;
  }

  /** The visible buttons, as one array per group, empty for a hidden group. */
  function visibleButtons(): HTMLButtonElement[][] {
    return groups.map((group) => group.buttons.filter((button) => !button.hidden));
  }

  /** Makes `button` the only button of the wall in the tab order. */
  function setTabStop(button: HTMLButtonElement): void {
    root.querySelector('.item[tabindex="0"]')?.setAttribute("tabindex", "-1");
    button.tabIndex = 0;
  }

  function moveFocus(event: KeyboardEvent): void {
    const grids = visibleButtons();
    const allButtons = grids.flat();
    const index = allButtons.indexOf(event.target as HTMLButtonElement);
    const visibleGroup = groups.find((group) => !group.element.hidden);
    if (index < 0 || visibleGroup === undefined) return;
    const columns = getComputedStyle(visibleGroup.grid).gridTemplateColumns.split(" ").length;
    const cellCounts = grids.map((grid) => grid.length);
    const next = allButtons[nextIndex(event.key, index, cellCounts, columns)];
    if (next === undefined || next === event.target) return;
    event.preventDefault();
    next.focus();
  }
}

function buttonsById(groups: readonly ItemGroup[]): Map<ItemId, HTMLButtonElement> {
  return new Map(groups.flatMap(({ buttons }) => buttons.map((button) => [button.value, button])));
}

/** The groups of the items, each with its buttons, in the order of their first item. */
function createGroups(items: readonly Item[]): ItemGroup[] {
  return itemsByGroup(items).map((groupItems) => {
    const group = createGroup(groupItems);
    for (const item of groupItems) addButton(group, item);
    return group;
  });
}

/** One array for each group, in the order of the first items. */
function itemsByGroup(items: Iterable<Item>): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(item.group);
    if (group === undefined) groups.set(item.group, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** The group of the items, without buttons. */
function createGroup(items: readonly Item[]): ItemGroup {
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

function addButton({ grid, buttons }: ItemGroup, item: Item): void {
  const button = createItemButton(item);
  buttons.push(button);
  grid.append(button);
}

function createItemButton(item: Item): HTMLButtonElement {
  const labels = { title: item.label, "aria-label": item.label, "aria-keyshortcuts": "S" };
  return createHtml(
    "button",
    { type: "button", class: "item", value: item.id, tabindex: -1, ...labels },
    item.isMonogram ? item.label : createGlyph(item),
  );
}

function createFilterButton(group: string, hasEmoji: boolean): HTMLElement {
  const isAll = group === ALL_GROUPS;
  const attributes = { type: "button", class: "chip", value: group, "aria-pressed": String(isAll) };
  if (isAll) return createHtml("button", attributes, "All");
  const known = GROUPS[group];
  if (known === undefined || !hasEmoji)
    return createHtml("button", attributes, known?.name ?? (group || "Other"));
  return createHtml(
    "button",
    { ...attributes, title: known.name, "aria-label": known.name },
    createGlyph({ glyph: known.emoji, isMonogram: false }),
  );
}

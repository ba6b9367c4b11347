/**
 * The wall: every item of the catalogue as a button, by group, with search and a category filter.
 * One button is in the tab order; the arrow keys move between buttons. Groups outside of the
 * viewport are not laid out (`content-visibility` in the style sheet), so that 1,900 buttons cost
 * no more than the 90 in sight. A larger catalogue gets its buttons while the wall is scrolled.
 */
import type { ItemId } from "pocketsage";
import { animateTap } from "./animations.js";
import type { CatalogueSource } from "./catalogues.js";
import { byId, createHtml, setHue } from "./dom.js";
import { formatCount } from "./format.js";
import { nextIndex } from "./grid-navigation.js";
import { createFilter, type Item, type Items } from "./items.js";
import { forEachInSlices, nextFrame } from "./slices.js";
import {
  ALL_GROUPS,
  addButton,
  createFilterButton,
  createGroup,
  createItemButton,
  type ItemGroup,
  itemsByGroup,
} from "./wall-elements.js";
import { followRowSizes } from "./wall-sizes.js";

/** Larger catalogues get buttons only for matches, in batches, as the wall is scrolled. */
const MAX_BUTTONS = 2400;
/** Number of buttons that are added when the end of the wall comes into sight. */
const BATCH_SIZE = 120;
/** Number of buttons that are laid out in one frame while the wall is filled. */
const FRAME_SIZE = 80;
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

export function createWall(
  items: Items,
  { searchHint }: Pick<CatalogueSource, "searchHint">,
  listener: WallListener,
): Wall {
  const root = byId("wall");
  const search = byId<HTMLInputElement>("search");
  const filterBar = byId("groups");
  const isPartial = items.size > MAX_BUTTONS;
  let groups: ItemGroup[] = [];
  const buttons = new Map<ItemId, HTMLButtonElement>();
  /** Matches without buttons, by group. */
  let pendingGroups: Item[][] = [];
  let itemHues: ReadonlyMap<ItemId, number> = new Map();
  const emptyNote = createHtml("p", { class: "muted placeholder", hidden: true });
  const end = createHtml("div", { class: "wall-end" });
  const endObserver = new IntersectionObserver((entries) => {
    if (entries.at(-1)?.isIntersecting === true) addBatch();
  });
  let selectedGroup = ALL_GROUPS;
  const addGrid = followRowSizes(root);

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
      const changedItems = new Set([...itemHues.keys(), ...hues.keys()]);
      itemHues = hues;
      for (const id of changedItems) {
        const button = buttons.get(id);
        if (button !== undefined) showHue(button);
      }
    },
  };

  /**
   * Adds the buttons from the top, a part of a group in each frame: only the end of what is shown
   * grows, so that nothing moves.
   */
  async function fillWall(): Promise<void> {
    root.replaceChildren(emptyNote);
    for (const groupItems of itemsByGroup(items.values())) {
      const group = createGroup(groupItems);
      groups.push(group);
      addGrid(group.grid);
      for (let start = 0; start < groupItems.length; start += FRAME_SIZE) {
        const part = groupItems.slice(start, start + FRAME_SIZE);
        const added: HTMLButtonElement[] = [];
        await forEachInSlices(part, (item) => added.push(createItemButton(item)));
        group.buttons.push(...added);
        for (const button of added) register(button);
        filterGroup(group, createFilter(search.value));
        group.grid.append(...added);
        if (start === 0) emptyNote.before(group.element);
        await nextFrame();
      }
    }
    applyFilter();
  }

  function register(button: HTMLButtonElement): void {
    buttons.set(button.value, button);
    showHue(button);
  }

  function showHue(button: HTMLButtonElement): void {
    const id = button.value;
    const hue = itemHues.get(id);
    // Most of the 1,900 buttons do not change; writing to each would cost a style update.
    if (button.dataset.hue === (hue === undefined ? undefined : String(hue))) return;
    const label = items.get(id)?.label ?? id;
    setHue(button, hue);
    button.setAttribute("aria-label", hue === undefined ? label : `${label}, one of yours`);
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
  function showMatches(matches: readonly Item[]): void {
    pendingGroups = itemsByGroup(matches).reverse();
    groups = [];
    buttons.clear();
    root.replaceChildren(emptyNote, end);
    addBatch();
  }

  /** Adds buttons at the end of the wall, until they are beyond the window. */
  function addBatch(): void {
    let remaining = BATCH_SIZE;
    while (remaining > 0) {
      const groupItems = pendingGroups.pop();
      if (groupItems === undefined) return endObserver.disconnect();
      let group = groups.at(-1);
      if (group?.name !== groupItems[0]?.group) {
        group = createGroup(groupItems);
        groups.push(group);
        addGrid(group.grid);
        emptyNote.before(group.element);
      }
      const added = groupItems.splice(0, remaining);
      remaining -= added.length;
      if (groupItems.length > 0) pendingGroups.push(groupItems);
      if (group === undefined) continue;
      for (const item of added) register(addButton(group, item));
      group.element.style.setProperty("--item-count", String(group.buttons.length));
    }
    // Observing the end again reports whether it is still in sight.
    endObserver.disconnect();
    endObserver.observe(end);
  }

  function applyFilter(): void {
    const isMatch = createFilter(search.value);
    let count = 0;
    if (isPartial) {
      const isSelected = ({ group }: Item): boolean =>
        selectedGroup === ALL_GROUPS || selectedGroup === group;
      const matches = [...items.values()].filter((item) => isSelected(item) && isMatch(item));
      count = matches.length;
      showMatches(matches);
    } else for (const group of groups) count += filterGroup(group, isMatch);
    byId("wall-count").textContent = formatCount(count, "thing");
    emptyNote.hidden = count > 0;
    const remedy = "Try another word, or all categories.";
    emptyNote.textContent = `Nothing here is called “${search.value}”. ${remedy}`;
    const first = visibleButtons().flat()[0];
    if (first !== undefined) setTabStop(first);
  }

  /** Shows the matching buttons of a group, and returns their number. */
  function filterGroup(
    { name, element, buttons }: ItemGroup,
    isMatch: (item: Item) => boolean,
  ): number {
    const isSelected = selectedGroup === ALL_GROUPS || selectedGroup === name;
    let visibleCount = 0;
    for (const button of buttons) {
      const item = items.get(button.value);
      button.hidden = item === undefined || !isSelected || !isMatch(item);
      if (!button.hidden) visibleCount += 1;
    }
    element.hidden = visibleCount === 0;
    // From this the style sheet computes the height of groups outside of the viewport.
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

/**
 * The wall: every item of the catalogue as a button, by group, with search and a category filter. One of the buttons is in the tab order;
 * arrows move among them. What is off screen is not laid out (`content-visibility` in the style sheet), so that 1,900 buttons cost no more
 * than 90.
 */
import type { ItemId } from "pocketsage";
import { byId, glyph, make, tinge } from "./dom.js";
import { move } from "./grid.js";
import { GROUPS, matches, type Item, type Items } from "./items.js";
import { pop } from "./motion.js";
import { count } from "./words.js";

export interface WallListener {
  tap(item: Item): void;
  save(item: Item): void;
  /** Everything about one item: a long press, the right button, or the menu key. */
  open(item: Item): void;
}

export interface Wall {
  /** Which items are the user's, with the hue of their interest. */
  mark(hues: ReadonlyMap<ItemId, number>): void;
}

interface Shelf {
  group: string;
  element: HTMLElement;
  grid: HTMLElement;
  buttons: HTMLButtonElement[];
}

export function hangWall(items: Items, listener: WallListener): Wall {
  const root = byId("wall");
  const search = byId<HTMLInputElement>("search");
  const tally = byId("wall-count");
  const shelves = shelve(items);
  const buttons = new Map(
    shelves.flatMap((shelf) => shelf.buttons.map((button) => [button.value, button])),
  );
  const nothing = make("p", { class: "soft waiting", hidden: true });
  let group = "";

  root.replaceChildren(...shelves.map((shelf) => shelf.element), nothing);
  byId("groups").replaceChildren(...["", ...shelves.map((shelf) => shelf.group)].map(chip));
  filter();

  search.addEventListener("input", filter);
  byId("groups").addEventListener("click", (event) => {
    const chosen = (event.target as Element).closest("button");
    if (chosen === null) return;
    group = chosen.value;
    for (const each of byId("groups").children)
      each.setAttribute("aria-pressed", String(each === chosen));
    filter();
    root.scrollTop = 0;
  });
  root.addEventListener("click", (event) => answer(event, listener.tap));
  root.addEventListener("contextmenu", (event) => {
    if (answer(event, listener.open)) event.preventDefault();
  });
  root.addEventListener("focusin", (event) => rove(event.target as HTMLButtonElement));
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.toLowerCase() === "s") answer(event, listener.save);
    else step(event);
  });

  return {
    mark(hues) {
      for (const [id, button] of buttons) {
        const hue = hues.get(id);
        if (button.dataset["hue"] === (hue === undefined ? undefined : String(hue))) continue;
        const label = items.get(id)?.label ?? id;
        tinge(button, hue);
        button.setAttribute("aria-label", hue === undefined ? label : `${label}, one of yours`);
      }
    },
  };

  function answer(event: Event, act: (item: Item) => void): boolean {
    const button = (event.target as Element).closest<HTMLButtonElement>(".thing");
    const item = button === null ? undefined : items.get(button.value);
    if (button === null || item === undefined) return false;
    pop(button);
    act(item);
    return true;
  }

  function filter(): void {
    let shown = 0;
    for (const shelf of shelves) {
      let here = 0;
      for (const button of shelf.buttons) {
        const item = items.get(button.value);
        button.hidden =
          item === undefined ||
          (group !== "" && group !== shelf.group) ||
          !matches(item, search.value);
        if (!button.hidden) here += 1;
      }
      shelf.element.hidden = here === 0;
      // The height that an off-screen shelf is taken to have, so that the scroll bar is about right from the start.
      shelf.element.style.setProperty("--things", String(here));
      shown += here;
    }
    tally.textContent = count(shown, "thing");
    nothing.hidden = shown > 0;
    nothing.textContent = `Nothing here is called “${search.value}”. Try another word, or all categories.`;
    const first = visible().flat()[0];
    if (first !== undefined) rove(first);
  }

  /** The visible buttons of each shelf. */
  function visible(): HTMLButtonElement[][] {
    return shelves.map((shelf) => shelf.buttons.filter((button) => !button.hidden));
  }

  function rove(button: HTMLButtonElement): void {
    root.querySelector('.thing[tabindex="0"]')?.setAttribute("tabindex", "-1");
    button.tabIndex = 0;
  }

  function step(event: KeyboardEvent): void {
    const rows = visible();
    const all = rows.flat();
    const at = all.indexOf(event.target as HTMLButtonElement);
    const grid = shelves.find((shelf) => !shelf.element.hidden)?.grid;
    if (at < 0 || grid === undefined) return;
    const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const next =
      all[
        move(
          event.key,
          at,
          rows.map((row) => row.length),
          columns,
        )
      ];
    if (next === undefined || next === event.target) return;
    event.preventDefault();
    next.focus();
  }
}

function shelve(items: Items): Shelf[] {
  const shelves = new Map<string, Shelf>();
  for (const item of items.values()) {
    let shelf = shelves.get(item.group);
    if (shelf === undefined) {
      const grid = make("div", { class: "things" });
      const title = make(
        "h3",
        { id: `group-${item.group}` },
        GROUPS[item.group]?.name ?? item.group,
      );
      const element = make(
        "div",
        { class: "shelf", role: "group", "aria-labelledby": title.id },
        title,
        grid,
      );
      shelf = { group: item.group, element, grid, buttons: [] };
      shelves.set(item.group, shelf);
    }
    const names = { title: item.label, "aria-label": item.label, "aria-keyshortcuts": "S" };
    const button = make(
      "button",
      { type: "button", class: "thing", value: item.id, tabindex: -1, ...names },
      glyph(item.emoji),
    );
    shelf.buttons.push(button);
    shelf.grid.append(button);
  }
  return [...shelves.values()];
}

function chip(group: string): HTMLElement {
  if (group === "")
    return make(
      "button",
      { type: "button", class: "chip", value: "", "aria-pressed": "true" },
      "All",
    );
  const { name, emoji } = GROUPS[group] ?? { name: group, emoji: "▫️" };
  const names = { title: name, "aria-label": name, "aria-pressed": "false" };
  return make("button", { type: "button", class: "chip", value: group, ...names }, glyph(emoji));
}

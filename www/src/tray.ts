/** The tray below the wall: the last tapped or saved item, and what else can be done with it. */
import { byId, createButton, createGlyph, createHtml } from "./dom.js";
import type { Item } from "./items.js";

export interface TrayListener {
  save(item: Item): void;
  open(item: Item): void;
}

export interface Tray {
  showAction(item: Item, kind: "tap" | "save"): void;
  /** Shows the initial content of the tray: how to tap and save. */
  showHint(): void;
}

export function createTray(listener: TrayListener): Tray {
  const tray = byId("tray");
  const showHint = (): void => {
    tray.replaceChildren(createHint());
  };
  showHint();
  return {
    showHint,
    showAction(item, kind) {
      const hadFocus = tray.contains(document.activeElement);
      const more = createButton("More", () => listener.open(item), {
        label: `More about ${item.label}`,
      });
      const save = createButton("Save", () => listener.save(item), {
        label: `Save ${item.label}: counts three times`,
      });
      const outcome = kind === "save" ? " saved, counts 3" : " tapped";
      tray.replaceChildren(
        createGlyph(item),
        createHtml(
          "p",
          {},
          createHtml("strong", {}, item.label),
          createHtml("span", { class: "muted" }, outcome),
        ),
        ...(kind === "save" ? [more] : [save, more]),
      );
      if (hadFocus) tray.querySelector("button")?.focus();
    },
  };
}

/** A hint for the keyboard and one for touch; the style sheet shows that of the input device. */
function createHint(): HTMLElement {
  return createHtml(
    "p",
    { class: "muted" },
    createHtml(
      "span",
      { class: "keyboard-hint" },
      "Tap what you like. ",
      createHtml("kbd", {}, "S"),
      " saves: it counts three times.",
    ),
    createHtml("span", { class: "touch-hint" }, "Tap what you like. Hold one for more."),
  );
}

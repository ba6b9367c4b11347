/** The tray under the wall: what was tapped last, and what more can be done with it. */
import { byId, glyph, make } from "./dom.js";
import type { Item } from "./items.js";

export interface TrayListener {
  save(item: Item): void;
  open(item: Item): void;
  /** Record the example: something to look at. */
  example(): void;
}

export interface Tray {
  put(item: Item, kind: "tap" | "save"): void;
  /** Back to the hint. */
  clear(): void;
}

export function setTray(listener: TrayListener): Tray {
  const tray = byId("tray");
  const clear = (): void =>
    tray.replaceChildren(
      hint(),
      button("Try an example", "Try an example", listener.example, "example"),
    );
  clear();
  return {
    clear,
    put(item, kind) {
      const focused = tray.contains(document.activeElement);
      const more = button("More", `More about ${item.label}`, () => listener.open(item));
      const save = button("Save", `Save ${item.label}: counts three times`, () =>
        listener.save(item),
      );
      tray.replaceChildren(
        glyph(item.emoji),
        make(
          "p",
          {},
          make("strong", {}, item.label),
          make("span", { class: "soft" }, kind === "save" ? " saved, counts 3" : " tapped"),
        ),
        ...(kind === "save" ? [more] : [save, more]),
      );
      if (focused) tray.querySelector("button")?.focus();
    },
  };
}

function hint(): HTMLElement {
  return make(
    "p",
    { class: "soft" },
    make(
      "span",
      { class: "with-keys" },
      "Tap what you like. ",
      make("kbd", {}, "S"),
      " saves: it counts three times.",
    ),
    make("span", { class: "with-fingers" }, "Tap what you like. Hold one for more."),
  );
}

function button(words: string, label: string, act: () => void, kind = ""): HTMLElement {
  const element = make(
    "button",
    { type: "button", class: `button ${kind}`, "aria-label": label },
    words,
  );
  element.addEventListener("click", act);
  return element;
}

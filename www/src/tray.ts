/** The tray under the wall: what was tapped last, and what more can be done with it. */
import { byId, glyph, make } from "./dom.js";
import type { Item } from "./items.js";

export interface TrayListener {
  save(item: Item): void;
  open(item: Item): void;
}

/** Shows the hint until something is put in the tray. */
export function setTray(listener: TrayListener): { put(item: Item, kind: "tap" | "save"): void; clear(): void } {
  const tray = byId("tray");
  const clear = (): void =>
    tray.replaceChildren(make(
        "p",
        { class: "soft" },
        make("span", { class: "with-keys" }, "Tap what you like. ", make("kbd", {}, "S"), " saves: it counts three times."),
        make("span", { class: "with-fingers" }, "Tap what you like. Hold one for more."),
      ));
  clear();
  return {
    clear,
    put(item, kind) {
      const save = make("button", { type: "button", class: "button" }, "Save");
      const more = make("button", { type: "button", class: "button" }, "More");
      save.setAttribute("aria-label", `Save ${item.label}: counts three times`);
      more.setAttribute("aria-label", `More about ${item.label}`);
      save.addEventListener("click", () => listener.save(item));
      more.addEventListener("click", () => listener.open(item));
      tray.replaceChildren(
        glyph(item.emoji),
        make("p", {}, make("strong", {}, item.label), make("span", { class: "soft" }, kind === "save" ? " saved, counts 3" : " tapped")),
        ...(kind === "save" ? [more] : [save, more]),
      );
    },
  };
}

/** Everything about one item: why it is where it is, and everything that can be done with it. */
import type { Explanation } from "pocketsage";
import { byId, glyph, make } from "./dom.js";
import { itemOf, type Item, type Items } from "./items.js";
import { share } from "./words.js";

export interface SheetListener {
  explain(item: Item): Promise<Explanation | undefined>;
  tap(item: Item): void;
  save(item: Item): void;
  forget(item: Item): void;
  hide(item: Item): void;
}

/** Opens as a modal dialog; Escape, a click beside it, or any of its buttons closes it. */
export async function openSheet(items: Items, item: Item, listener: SheetListener): Promise<void> {
  const sheet = byId<HTMLDialogElement>("sheet");
  const explanation = await listener.explain(item);
  const yours = explanation?.interest.items.includes(item.id) ?? false;
  const button = (name: string, act: (item: Item) => void, kind = ""): HTMLElement => {
    const element = make("button", { type: "button", class: `button ${kind}` }, name);
    element.addEventListener("click", () => {
      sheet.close();
      act(item);
    });
    return element;
  };
  const close = make(
    "button",
    { type: "button", class: "hide", title: "Close", "aria-label": "Close" },
    "×",
  );
  close.addEventListener("click", () => sheet.close());
  sheet.replaceChildren(
    close,
    glyph(item.emoji),
    make("h2", { id: "sheet-title" }, item.label),
    make("p", { class: "soft" }, item.tags.join(", ")),
    ...(explanation === undefined ? [] : why(items, item, explanation, yours)),
    make(
      "div",
      { class: "row" },
      button(yours ? "Tap again" : "Tap", listener.tap, "strong"),
      button("Save, counts 3", listener.save),
      yours ? button("Forget it", listener.forget, "danger") : button("Hide it", listener.hide),
    ),
  );
  sheet.onclick = (event) => {
    if (event.target === sheet) sheet.close();
  };
  sheet.showModal();
}

function why(
  items: Items,
  item: Item,
  { interest, nearest }: Explanation,
  yours: boolean,
): HTMLElement[] {
  const medoid = itemOf(items, interest.medoid);
  const words = yours
    ? interest.medoid === item.id
      ? `It stands for one of your interests (${share(interest.importance)} of your taste).`
      : `It belongs to your interest ${medoid.label} (${share(interest.importance)} of your taste).`
    : `Of your interests, ${medoid.label} is the nearest.`;
  const others = nearest.filter((near) => near.item !== item.id);
  return [
    make("p", {}, words),
    ...(others.length === 0
      ? []
      : [
          make(
            "ul",
            { class: "nearest", "aria-label": "The most alike of your items" },
            ...others.map((near) => {
              const { emoji, label } = itemOf(items, near.item);
              const similarity = make("span", { class: "soft" }, near.similarity.toFixed(2));
              const row = make("li", {}, glyph(emoji), make("span", {}, label), similarity);
              row.style.setProperty("--share", share(Math.max(0, near.similarity)));
              return row;
            }),
          ),
        ]),
  ];
}

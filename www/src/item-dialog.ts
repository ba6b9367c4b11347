/** The dialog of one item: its relation to the user's interests, and the actions on it. */
import type { Explanation } from "pocketsage";
import { byId, createButton, createGlyph, createHtml, createIconButton } from "./dom.js";
import { formatShare } from "./format.js";
import { type Item, type Items, itemById } from "./items.js";

export interface ItemDialogListener {
  /** The relation of an item to the interests; `undefined` while the profile is empty. */
  explain(item: Item): Promise<Explanation | undefined>;
  tap(item: Item): void;
  save(item: Item): void;
  forget(item: Item): void;
  hide(item: Item): void;
  dislike(item: Item): void;
}

/** Opens a modal dialog; Escape, a click outside of it, and each of its buttons close it. */
export async function openItemDialog(
  items: Items,
  item: Item,
  listener: ItemDialogListener,
): Promise<void> {
  const dialog = byId<HTMLDialogElement>("item-dialog");
  const explanation = await listener.explain(item);
  const isMember = explanation?.interest.items.includes(item.id) ?? false;
  const actionButton = (text: string, act: (item: Item) => void, classes = ""): HTMLElement =>
    createButton(
      text,
      () => {
        dialog.close();
        act(item);
      },
      { classes },
    );
  dialog.replaceChildren(
    createIconButton("close", "Close", () => dialog.close()),
    createGlyph(item),
    createHtml("h2", { id: "item-dialog-title" }, item.label),
    ...(item.tags.length > 0 ? [createHtml("p", { class: "muted" }, item.tags.join(", "))] : []),
    ...(explanation === undefined ? [] : describeRelation(items, item, explanation, isMember)),
    createHtml(
      "div",
      { class: "button-row" },
      actionButton(isMember ? "Tap again" : "Tap", listener.tap, "strong"),
      actionButton("Save, counts 3", listener.save),
      isMember
        ? actionButton("Forget it", listener.forget, "danger")
        : actionButton("Hide it", listener.hide),
      ...(isMember ? [] : [actionButton("Less like this", listener.dislike)]),
    ),
  );
  dialog.onclick = (event) => {
    // The content fills the dialog, so only a click on the backdrop has the dialog as its target.
    if (event.target === dialog) dialog.close();
  };
  dialog.showModal();
}

function describeRelation(
  items: Items,
  item: Item,
  { interest, nearest }: Explanation,
  isMember: boolean,
): readonly HTMLElement[] {
  const medoid = itemById(items, interest.medoid);
  const share = `${formatShare(interest.importance)} of your taste`;
  let relation = `Of your interests, ${medoid.label} is the nearest.`;
  if (isMember && interest.medoid === item.id)
    relation = `It represents one of your interests (${share}).`;
  else if (isMember) relation = `It belongs to your interest ${medoid.label} (${share}).`;
  const paragraph = createHtml("p", {}, relation);
  const otherNeighbours = nearest.filter((neighbour) => neighbour.item !== item.id);
  if (otherNeighbours.length === 0) return [paragraph];
  const rows = otherNeighbours.map((neighbour) => {
    const neighbourItem = itemById(items, neighbour.item);
    const row = createHtml(
      "li",
      {},
      createGlyph(neighbourItem),
      createHtml("span", {}, neighbourItem.label),
      createHtml("span", { class: "muted" }, neighbour.similarity.toFixed(2)),
    );
    // The length of the bar in the background of the row; a negative cosine has no bar.
    row.style.setProperty("--share", formatShare(Math.max(0, neighbour.similarity)));
    return row;
  });
  const attributes = { class: "nearest", "aria-label": "The most alike of your items" };
  return [paragraph, createHtml("ul", attributes, ...rows)];
}

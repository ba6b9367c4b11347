/** The dialog that offers the actions of a link. */
import { byId } from "./dom.js";
import { formatCount } from "./format.js";
import type { Items } from "./items.js";
import { showNotice } from "./notices.js";
import { parseSharedActions, type SharedAction } from "./shared-actions.js";

export interface SharedDialogListener {
  /** Removes the actions from the address; called if it has any. */
  clearAddress(): void;
  /** Records the actions; called if the user agrees. */
  add(actions: readonly SharedAction[]): void;
}

/**
 * Offers to add the actions in the address of the page to those of the user. `actionCount` is the
 * number of the user's own actions.
 */
export function offerSharedActions(
  items: Items,
  actionCount: number,
  { clearAddress, add }: SharedDialogListener,
): void {
  const { actions, skipped } = parseSharedActions(location.hash, (item) => items.has(item));
  if (actions.length + skipped > 0) clearAddress();
  if (actions.length === 0) {
    if (skipped > 0)
      showNotice("link", `${formatCount(skipped, "action")} of unknown items or times`);
    return;
  }
  const skippedText =
    skipped > 0 ? ` ${skipped} more cannot be read: the link may be cut off.` : "";
  const dialog = byId<HTMLDialogElement>("shared-dialog");
  byId("shared-text").textContent =
    `This link contains ${formatCount(actions.length, "action")} of its sender. They can join ` +
    `your ${formatCount(actionCount, "action")}; Undo takes them back.${skippedText}`;
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue === "add") add(actions);
    },
    { once: true },
  );
  dialog.showModal();
}

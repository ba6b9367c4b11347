/**
 * The dialog "Share": a link to what is shown, and pictures. Actions are in the link on request.
 */
import type { RecordedAction } from "pocketsage";
import { copyText } from "./copy-buttons.js";
import { byId } from "./dom.js";
import { download } from "./download.js";
import { formatCount } from "./format.js";
import { pngBlob, svgBlob } from "./picture.js";
import { formatSharedActions, MAX_SHARED_ACTIONS } from "./shared-actions.js";

export interface ShareListener {
  /** The address of what is shown, without actions. */
  address(): URL;
  /** The newest actions. */
  actions(): Promise<readonly RecordedAction[]>;
  /** The picture to export. */
  picture(): SVGSVGElement;
  /** Whether others can open the catalogue. */
  isCataloguePublic: boolean;
  onError(error: unknown): void;
}

export function bindShareDialog(listener: ShareListener): void {
  const dialog = byId<HTMLDialogElement>("share-dialog");
  const link = byId<HTMLInputElement>("share-link");
  const withActions = byId<HTMLInputElement>("share-actions");
  const note = byId("share-note");
  const result = byId("share-result");
  let actions: readonly RecordedAction[] = [];

  const update = (): void => {
    const url = listener.address();
    if (withActions.checked) {
      const settings = url.hash.replace(/^#/, "");
      url.hash = [settings, formatSharedActions(actions)].filter(Boolean).join("&");
    }
    link.value = url.href;
    const count = formatCount(Math.min(actions.length, MAX_SHARED_ACTIONS), "action");
    if (!listener.isCataloguePublic)
      note.textContent =
        "Your own catalogue is only in this browser: others open this link with the emoji.";
    else if (withActions.checked)
      note.textContent =
        `This link contains ${count} of yours, with their ages. Everyone who has the link can ` +
        "read them.";
    else
      note.textContent =
        "This link contains the view and the dials, and nothing of what you tapped.";
    result.textContent = "";
  };
  const open = async (): Promise<void> => {
    actions = await listener.actions();
    withActions.checked = false;
    withActions.disabled = actions.length === 0 || !listener.isCataloguePublic;
    const newest = actions.length < MAX_SHARED_ACTIONS ? "" : "the newest ";
    byId("share-actions-label").textContent =
      `Put what I tapped into the link (${newest}${formatCount(actions.length, "action")})`;
    for (const id of ["share-png", "share-svg"])
      byId<HTMLButtonElement>(id).disabled = actions.length === 0;
    update();
    dialog.showModal();
  };
  const onClick = (id: string, act: () => Promise<string>): void =>
    byId(id).addEventListener("click", () => {
      act().then((text) => {
        result.textContent = text;
      }, listener.onError);
    });

  byId("share").addEventListener("click", () => open().catch(listener.onError));
  withActions.addEventListener("change", update);
  onClick("share-copy", async () => {
    link.select();
    return (await copyText(link.value)) ? "Copied." : "Press Ctrl+C to copy the link.";
  });
  onClick("share-png", async () => {
    download(await pngBlob(listener.picture()), "taste.png");
    return "Saved taste.png.";
  });
  onClick("share-svg", async () => {
    download(svgBlob(listener.picture()), "taste.svg");
    return "Saved taste.svg.";
  });
}

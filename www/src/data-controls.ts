/** The buttons "Export", "Import" and "Forget everything". */
import { byId } from "./dom.js";
import { download } from "./download.js";
import { formatCount } from "./format.js";
import { showErrorNotice, showFileNotice } from "./notices.js";

export interface DataControlsListener {
  export(): Promise<Uint8Array>;
  import(bytes: Uint8Array): void;
  forgetEverything(): void;
  /** The number of stored actions; the confirmation of `forgetEverything` shows it. */
  actionCount(): number;
}

export function bindDataControls(listener: DataControlsListener): void {
  const fileInput = byId<HTMLInputElement>("import-file");
  const dialog = byId<HTMLDialogElement>("forget-dialog");

  byId("export").addEventListener("click", () => {
    const fileName = `taste-${new Date().toISOString().slice(0, 10)}.pocketsage`;
    listener.export().then(
      (bytes) => download(new Blob([bytes as Uint8Array<ArrayBuffer>]), fileName),
      (error: unknown) => showErrorNotice(error),
    );
  });
  byId("import").addEventListener("click", () => fileInput.click());
  fileInput.addEventListener("change", () => {
    const file = fileInput.files?.[0];
    file
      ?.arrayBuffer()
      .then((bytes) => listener.import(new Uint8Array(bytes)))
      .catch(showFileNotice);
    // Otherwise choosing the same file again would not trigger a change event.
    fileInput.value = "";
  });
  byId("forget").addEventListener("click", () => {
    byId("forget-dialog-text").textContent =
      `${formatCount(listener.actionCount(), "action")} and everything learned from them will be ` +
      "deleted from this device. There is no undo; export first if you may want them back.";
    dialog.returnValue = "keep";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "forget") listener.forgetEverything();
  });
}

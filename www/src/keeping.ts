/** Export, import and forget: the taste is the user's own, to take along or to throw away. */
import { byId } from "./dom.js";
import { notifyOf } from "./notices.js";
import { count } from "./words.js";

export interface KeepingListener {
  export(): Promise<Uint8Array>;
  import(bytes: Uint8Array): void;
  forgetEverything(): void;
  /** How many actions would be forgotten. */
  actions(): number;
}

export function offerKeeping(listener: KeepingListener): void {
  const file = byId<HTMLInputElement>("import-file");
  const confirm = byId<HTMLDialogElement>("confirm");

  byId("export").addEventListener("click", () => {
    const name = `taste-${new Date().toISOString().slice(0, 10)}.pocketsage`;
    listener.export().then(
      (bytes) => download(bytes, name),
      (error: unknown) => notifyOf(error),
    );
  });
  byId("import").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    chosen?.arrayBuffer().then(
      (bytes) => listener.import(new Uint8Array(bytes)),
      (error: unknown) => notifyOf(error),
    );
    file.value = "";
  });
  byId("forget").addEventListener("click", () => {
    byId("confirm-words").textContent =
      `${count(listener.actions(), "action")} and everything learned from them will be deleted from this device. ` +
      "There is no undo; export first if you may want them back.";
    confirm.returnValue = "keep";
    confirm.showModal();
  });
  confirm.addEventListener("close", () => {
    if (confirm.returnValue === "forget") listener.forgetEverything();
  });
}

function download(bytes: Uint8Array, name: string): void {
  const address = URL.createObjectURL(
    new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" }),
  );
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has its own hold on the bytes once it has begun.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

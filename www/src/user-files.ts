/** Files of the user: a catalogue, an export of the page, or rows of actions. */
import { OWN_CATALOGUE, rememberOwn } from "./catalogues.js";
import type { WorkerClient } from "./connect.js";
import type { Controller } from "./controller.js";
import { byId } from "./dom.js";
import { formatCount } from "./format.js";
import { hasVectors, isText, readActions } from "./read-actions.js";

/** The parts of the page that files change. */
export interface FileContext {
  client: WorkerClient;
  controller: Controller;
  /** Announces a change to assistive technology once it is rendered. */
  announce(text: string, change: Promise<void>): void;
  /** Loads the page again with another catalogue. */
  openCatalogue(id: string): void;
}

/** Reads the bytes of an export of the page, or of rows of actions. */
export function importActions(
  bytes: Uint8Array,
  { client, controller, announce }: FileContext,
): void {
  if (!isText(bytes)) return announce("Imported", controller.import(bytes));
  const { actions, unknown } = readActions(bytes, (item) => client.items.has(item));
  const skipped = unknown > 0 ? `; ${formatCount(unknown, "row")} of unknown items skipped` : "";
  announce(
    `Imported ${formatCount(actions.length, "action")}${skipped}`,
    controller.recordPast(actions),
  );
}

/** Reads a dropped or chosen file: a catalogue if it can be read as one, else actions. */
export async function openUserFile(file: File, context: FileContext): Promise<void> {
  byId<HTMLDialogElement>("catalogue-dialog").close();
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (/\.pocketsage$/i.test(file.name) || (isText(bytes) && !hasVectors(bytes)))
    return importActions(bytes, context);
  rememberOwn(await context.client.call("importCatalogue", file.name, bytes));
  context.openCatalogue(OWN_CATALOGUE);
}

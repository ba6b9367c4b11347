/** The menu of catalogues, and files that are dropped on the page: a catalogue, or actions. */
import { CATALOGUES, type CatalogueSource, OWN_CATALOGUE, ownCatalogue } from "./catalogues.js";
import { byId, createHtml } from "./dom.js";

export interface CatalogueMenuListener {
  select(id: string): void;
  /** A file that was chosen or dropped. */
  openFile(file: File): void;
}

/** The value of the last entry of the menu, which opens a file. */
const LOAD = "load";

/**
 * The menu while its catalogue is missing: the others can be chosen. {@link bindCatalogueMenu}
 * replaces it.
 */
export function offerOtherCatalogues(
  current: CatalogueSource,
  select: CatalogueMenuListener["select"],
): void {
  const menu = byId<HTMLSelectElement>("catalogue");
  const sources = CATALOGUES.includes(current) ? CATALOGUES : [...CATALOGUES, current];
  menu.replaceChildren(...sources.map(createOption));
  menu.value = current.id;
  menu.onchange = () => select(menu.value);
}

/** The catalogue of the user joins the menu when the menu has the focus. */
export function bindCatalogueMenu(current: CatalogueSource, listener: CatalogueMenuListener): void {
  const menu = byId<HTMLSelectElement>("catalogue");
  const fileInput = byId<HTMLInputElement>("catalogue-file");
  const loadOption = createOption({ id: LOAD, name: "Load a file …" });
  menu.replaceChildren(...CATALOGUES.map(createOption), loadOption);
  if (current.id === OWN_CATALOGUE) loadOption.before(createOption(current));
  else
    menu.addEventListener(
      "focus",
      () => {
        const source = ownCatalogue();
        if (source !== undefined) loadOption.before(createOption(source));
      },
      { once: true },
    );
  menu.value = current.id;
  menu.onchange = () => {
    if (menu.value !== LOAD) return listener.select(menu.value);
    menu.value = current.id;
    byId<HTMLDialogElement>("catalogue-dialog").showModal();
  };
  byId("catalogue-choose").addEventListener("click", () => fileInput.click());
  fileInput.addEventListener("change", () => {
    const [file] = fileInput.files ?? [];
    fileInput.value = ""; // so that choosing the same file again is a change
    if (file !== undefined) listener.openFile(file);
  });
  bindDrop(listener.openFile);
}

function createOption({ id, name }: Pick<CatalogueSource, "id" | "name">): HTMLElement {
  return createHtml("option", { value: id }, name);
}

/**
 * Opens a file that is dropped anywhere on the page. While one is dragged over the page, the body
 * has the attribute `data-drop`.
 */
function bindDrop(openFile: (file: File) => void): void {
  const { dataset } = document.body;
  const hasFile = ({ dataTransfer }: DragEvent): boolean =>
    dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    dataset.drop = "";
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) delete dataset.drop;
  });
  addEventListener("drop", (event) => {
    delete dataset.drop;
    const file = event.dataTransfer?.files[0];
    if (file === undefined) return;
    event.preventDefault();
    openFile(file);
  });
}

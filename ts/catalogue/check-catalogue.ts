/** Validation of catalogues that callers pass to the functions of other entries. */
import { unexpected } from "../values/check.js";
import { Catalogue } from "./catalogue.js";

/** Throws code "option" unless `value` is a catalogue; `where` begins the message. */
export function checkCatalogue(where: string, value: unknown): void {
  if (!(value instanceof Catalogue)) throw unexpected(where, "a Catalogue of this package", value);
}

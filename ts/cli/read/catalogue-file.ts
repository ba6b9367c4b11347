/** A catalogue from its file. */
import { Catalogue } from "../../catalogue/catalogue.js";
import { InputError, messageOf } from "../command-error.js";
import { nameOf, readBytes } from "./stream.js";

/** The catalogue in this file, and the length of the file. */
export async function readCatalogue(
  file: string,
): Promise<{ catalogue: Catalogue; bytes: number }> {
  const bytes = await readBytes(file);
  try {
    return { catalogue: await Catalogue.fromBytes(bytes), bytes: bytes.length };
  } catch (error) {
    throw new InputError(
      `${nameOf(file)}: ${messageOf(error)} \`pocketsage build\` makes a catalogue.`,
    );
  }
}

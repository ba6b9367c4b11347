/** A catalogue from its file. */
import { Catalogue } from "../../catalogue/catalogue.js";
import { InputError, messageOf } from "../command-error.js";
import { displayName, readBytes } from "./stream.js";

/** The catalogue in a file, and the size of the file in bytes. */
export async function readCatalogue(
  file: string,
): Promise<{ catalogue: Catalogue; bytes: number }> {
  const bytes = await readBytes(file);
  try {
    return { catalogue: await Catalogue.fromBytes(bytes), bytes: bytes.length };
  } catch (error) {
    throw new InputError(
      `${displayName(file)}: ${messageOf(error).replace(/\.?$/, ".")} ` +
        "`pocketsage build` writes a catalogue.",
    );
  }
}

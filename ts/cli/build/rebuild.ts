/** Writes a catalogue again: in another order, or with further sections. */
import { writeAttributes } from "../../catalogue/attributes.js";
import { type Catalogue, catalogueOf, handleOf } from "../../catalogue/catalogue.js";
import { builderLike, selectRows } from "../../catalogue/change.js";
import { ATTRIBUTES } from "../../catalogue/sections.js";
import { withCore } from "../../core/glue.js";
import type { CoreBuilder, CoreCatalogue } from "../../core/interface.js";

/**
 * The items at the rows of `rowsOf`, in their order, with their vectors, payloads and attributes.
 * `write` adds the other sections, in the order in which the file has them. Closes the given
 * catalogue.
 */
export function rebuild(
  catalogue: Catalogue,
  rowsOf: (old: CoreCatalogue) => Uint32Array,
  write: (builder: CoreBuilder, old: CoreCatalogue, rows: Uint32Array) => void,
): Catalogue {
  using given = catalogue;
  return catalogueOf(
    handleOf(given).with((old) =>
      withCore((core) => {
        const rows = rowsOf(old);
        const builder = builderLike(core, old);
        builder.addRows(old, rows);
        const columns = selectRows(old, rows);
        if (columns.size > 0) builder.section(ATTRIBUTES, writeAttributes(columns));
        write(builder, old, rows);
        return builder.finish();
      }),
    ),
  );
}

/** Writes the sections of these kinds that the old catalogue has. */
export function copySections(
  builder: CoreBuilder,
  old: CoreCatalogue,
  kinds: readonly number[],
): void {
  for (const kind of kinds) {
    const section = old.section(kind);
    if (section.length > 0) builder.section(kind, section);
  }
}

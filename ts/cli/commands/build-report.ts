/** The report of `pocketsage build`. */
import type { ActionReport } from "../build/action-vectors.js";
import type { CellReport } from "../build/cells.js";
import type { RangesReport } from "../build/ranges.js";
import type { TextReport } from "../build/text.js";
import { type CatalogueReport, printCatalogue } from "../terminal/catalogue-report.js";
import { countOf, formatCount } from "../terminal/print.js";

export const TREATMENTS = ["report", "drop", "group", "keep"] as const;
type Treatment = (typeof TREATMENTS)[number];

export interface NearDuplicateReport {
  /** Minimum score from which two items count as near-duplicates. */
  score: number;
  /** Items that are near-duplicates of an earlier item. */
  variants: number;
  /** Groups: earlier items that have variants. */
  kinds: number;
  treatment: Treatment;
}

/** The report with --json. */
export interface BuildReport extends CatalogueReport {
  bytesPerItem: number;
  /** With --dims: dimensions of the given vectors, and the method. */
  reduced?: { from: number; method: "pca" | "truncate" };
  nearDuplicates?: NearDuplicateReport;
  fromActions?: ActionReport;
  text?: TextReport & { embedded: number };
  recall?: { at10: number; queries: number };
  ranges?: RangesReport;
  cells?: CellReport & { folder: string };
  seconds: number;
}

const TREATMENT_TEXTS: Record<Treatment, string> = {
  report: "stored (--near-duplicates drop or group changes that)",
  drop: "dropped",
  group: "grouped: searches return the first of each group",
  keep: "stored",
};

/** Prints the report as aligned lines. */
export function printReport(report: BuildReport): void {
  const { nearDuplicates, fromActions, text, recall, reduced, ranges, cells } = report;
  const { seconds, bytesPerItem } = report;
  const extraFields: [name: string, value: string][] = [["bytes/item", String(bytesPerItem)]];
  if (reduced) extraFields.push(["reduced", `from ${reduced.from} dimensions, ${reduced.method}`]);
  if (nearDuplicates) {
    const { variants, kinds, score, treatment } = nearDuplicates;
    const outcome = variants > 0 ? `, ${TREATMENT_TEXTS[treatment]}` : "";
    const groups = countOf(kinds, "group");
    extraFields.push([
      "near-dup.",
      `${formatCount(variants)} in ${groups}, score >= ${score}${outcome}`,
    ]);
  }
  if (fromActions) {
    const { embedded, actions, users, dropped } = fromActions;
    const left = dropped > 0 ? `; ${formatCount(dropped)} without company left out` : "";
    const source = `${formatCount(actions)} actions of ${countOf(users, "user")}`;
    extraFields.push(["actions", `${countOf(embedded, "vector")} from ${source}${left}`]);
  }
  if (text) {
    const { features, bytes, embedded, cosine } = text;
    extraFields.push(
      ["text", `${formatCount(features)} words and parts, ${formatCount(bytes)} bytes`],
      ["", `cosine ${cosine.toFixed(3)} to the vectors it was learned from`],
    );
    if (embedded > 0) extraFields.push(["", `${countOf(embedded, "vector")} from texts`]);
  }
  if (recall)
    extraFields.push([
      "recall@10",
      `${recall.at10.toFixed(4)} against exact search${reduced ? " in all dimensions" : ""}, ` +
        `over ${recall.queries} queries`,
    ]);
  if (ranges)
    extraFields.push([
      "ranges",
      `${countOf(ranges.blocks, "block")}, ${formatCount(ranges.resident)} bytes in memory`,
    ]);
  if (cells)
    extraFields.push(
      ["cells", `${formatCount(cells.cells)} of ${formatCount(cells.cellBytes)} bytes`],
      ["", `${cells.leastItems} to ${cells.mostItems} items each, in ${cells.folder}`],
      ["", `codebook ${cells.codebook}`],
    );
  printCatalogue(report, [...extraFields, ["time", `${seconds.toFixed(1)} s`]]);
}

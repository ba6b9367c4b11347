/** `pocketsage build`: reads items and writes a catalogue. */
import { stat } from "node:fs/promises";
import { Catalogue } from "../../catalogue/catalogue.js";
import { MAX_CELLS, MIN_CELLS } from "../../privacy/cells/format.js";
import {
  parseArguments,
  parseChoice,
  parseInteger,
  parseNumber,
  requireValue,
} from "../arguments.js";
import { buildCells, type CellReport } from "../build/cells.js";
import { buildLists, MIN_ITEMS_FOR_LISTS } from "../build/inverted-lists.js";
import { findNearDuplicates } from "../build/near-duplicates.js";
import { buildRanges, type RangesReport } from "../build/ranges.js";
import { measureRecall } from "../build/recall.js";
import {
  type Axes,
  axesToNpy,
  computeAxes,
  MAX_DIM_FOR_AXES,
  reduceVector,
} from "../build/reduce.js";
import { nameReducedSpace, nameSpace, parseModel } from "../build/space.js";
import { learnTexts, type TextItems, type TextReport, withTower } from "../build/text.js";
import { InputError, messageOf, UsageError } from "../command-error.js";
import { openOutput, writeFiles } from "../output-file.js";
import { BINARY_TYPES } from "../read/columnar-values.js";
import { type AttributeOption, type FileItem, readItems } from "../read/item-file.js";
import { type CatalogueReport, printCatalogue, reportOf } from "../terminal/catalogue-report.js";
import { countOf, formatCount, printJson, printNote } from "../terminal/print.js";
import { openProgress } from "../terminal/progress.js";
import { MAX_ITEMS_FOR_DUPLICATE_SEARCH } from "./build-help.js";

export { help } from "./build-help.js";

const OPTIONS = {
  out: { type: "string", short: "o" },
  precision: { type: "string", default: "full" },
  metric: { type: "string" },
  dims: { type: "string" },
  reduce: { type: "string" },
  axes: { type: "string" },
  id: { type: "string", default: "id" },
  vector: { type: "string", default: "vector" },
  ids: { type: "string" },
  columns: { type: "string" },
  binary: { type: "string" },
  attribute: { type: "string", multiple: true, default: [] as string[] },
  prior: { type: "string" },
  space: { type: "string" },
  text: { type: "string" },
  embed: { type: "string" },
  "near-duplicates": { type: "string" },
  near: { type: "string", default: "0.95" },
  lists: { type: "string", default: "auto" },
  ranges: { type: "boolean", default: false },
  cells: { type: "string" },
  "cells-out": { type: "string" },
  "cells-payload": { type: "string", multiple: true, default: [] as string[] },
  "no-recall": { type: "boolean", default: false },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

const TREATMENTS = ["report", "drop", "group", "keep"] as const;
type Treatment = (typeof TREATMENTS)[number];

const REDUCE_METHODS = ["pca", "truncate"] as const;
type ReduceMethod = (typeof REDUCE_METHODS)[number];

interface NearDuplicateReport {
  /** Minimum score from which two items count as near-duplicates. */
  score: number;
  /** Items that are near-duplicates of an earlier item. */
  variants: number;
  /** Groups: earlier items that have variants. */
  kinds: number;
  treatment: Treatment;
}

/** The report with --json. */
interface BuildReport extends CatalogueReport {
  bytesPerItem: number;
  /** With --dims: dimensions of the given vectors, and the method. */
  reduced?: { from: number; method: ReduceMethod };
  nearDuplicates?: NearDuplicateReport;
  text?: TextReport & { embedded: number };
  recall?: { at10: number; queries: number };
  ranges?: RangesReport;
  cells?: CellReport & { folder: string };
  seconds: number;
}

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  const input = requireValue("the items file", positionals[0]);
  const out = requireValue("-o CATALOGUE", values.out);
  const precision = parseChoice("--precision", values.precision, ["full", "compact"]);
  const givenMetric =
    values.metric === undefined
      ? undefined
      : parseChoice("--metric", values.metric, ["cosine", "ip", "l2"]);
  const listsMode = parseChoice("--lists", values.lists, ["auto", "always", "never"]);
  const givenTreatment =
    values["near-duplicates"] &&
    parseChoice("--near-duplicates", values["near-duplicates"], TREATMENTS);
  const minScore = parseNumber("--near", values.near);
  const model = parseModel(values.space);
  const { id, vector, ids, columns } = values;
  const binary = values.binary && parseChoice("--binary", values.binary, BINARY_TYPES);
  const attributeOptions = values.attribute.map(parseAttribute);
  const textFields = parseTextFields(values);
  const embedAll = values.embed !== undefined;
  const cells = values.cells && parseInteger("--cells", values.cells, MIN_CELLS, MAX_CELLS);
  const checkCellMetric = (metric: string): void => {
    if (cells && metric !== "cosine")
      throw new UsageError(`--cells: expected --metric cosine, saw ${metric}`);
  };
  const checkTextMetric = (metric: string): void => {
    if (textFields && metric !== "cosine")
      throw new UsageError(`--text: expected --metric cosine, saw ${metric}`);
  };
  checkCellMetric(givenMetric ?? "cosine");
  checkTextMetric(givenMetric ?? "cosine");
  if (!cells && (values["cells-out"] || values["cells-payload"].length > 0))
    throw new UsageError("--cells-out and --cells-payload: expected --cells K as well");
  const cellFolder = values["cells-out"] ?? `${out.replace(/\.sage$/, "")}.cells`;
  if (id === vector) throw new UsageError(`--id and --vector are both "${id}"`);
  const reduction = parseReduction(values);

  const output = await openOutput(out, [input, ids]);
  const axesOutput = values.axes && (await openOutput(values.axes, [input, ids, out]));
  const begunAt = performance.now();
  const progress = openProgress("items read", { quiet: values.quiet });
  const progressOf = (task: string) => (share: number) => progress.share(task, share);
  try {
    const read = await readItems(input, {
      ...{ id, vector, ids, columns, length: await fileLength(input) },
      ...{ attributes: attributeOptions, prior: values.prior, binary: binary || undefined },
      vectorIsOptional: textFields !== undefined,
      onNote: (note) => void (values.quiet || printNote(note)),
      onProgress: progressOf("reading the items"),
      onItem: progress.count,
    });
    let items: readonly FileItem[] = read.items;
    const metric = givenMetric ?? read.metric ?? "cosine";
    checkCellMetric(metric);
    checkTextMetric(metric);
    if (embedAll && read.dim > 0)
      throw new UsageError("--embed text: the items have vectors: leave the option out");
    let text: TextItems | undefined;
    const learn = (fields: readonly string[], all = false): TextItems =>
      learnTexts(items, fields, all, read.locationOf, progressOf("learning the words"));
    if (textFields) {
      text = learn(textFields, embedAll);
      items = text.items;
    }
    const givenDim = items[0]![1].length;
    let attributes: readonly string[] = [
      ...new Set([...(read.attributes ?? []), ...attributeOptions.map(({ name }) => name)]),
    ];
    checkReduction(reduction, givenDim);
    let space = nameSpace(model, read.space, givenDim, metric);
    const buildCatalogue = (dim = givenDim): Promise<Catalogue> =>
      Catalogue.from(items, {
        ...{ dim, precision, metric, attributes },
        ...(space !== undefined && { space }),
      }).catch((error: unknown) => {
        throw locateError(error, read.locationOf);
      });
    progress.begin(`${formatCount(items.length)} items: measuring the spread`);
    let catalogue = await buildCatalogue();

    const treatment: Treatment =
      givenTreatment || (items.length <= MAX_ITEMS_FOR_DUPLICATE_SEARCH ? "report" : "keep");
    let nearDuplicates: NearDuplicateReport | undefined;
    if (treatment !== "keep") {
      const representativeOf = findNearDuplicates(
        catalogue,
        items,
        minScore,
        progressOf("searching for near-duplicates"),
      );
      const kinds = new Set(representativeOf.values()).size;
      nearDuplicates = { score: minScore, variants: representativeOf.size, kinds, treatment };
      if (treatment !== "report" && representativeOf.size > 0) {
        if (treatment === "drop") items = items.filter(([item]) => !representativeOf.has(item));
        else {
          items = items.map((item) => withVariantOf(item, representativeOf.get(item[0])));
          attributes = [...new Set([...attributes, "variantOf"])];
        }
        catalogue.close();
        catalogue = await buildCatalogue();
      }
    }

    const givenItems = items;
    let reduce = (vector: Float32Array): Float32Array => vector;
    if (reduction) {
      const { dims, method } = reduction;
      reduce = (vector) => vector.subarray(0, dims);
      let axes: Axes | undefined;
      if (method === "pca") {
        const principalAxes = computeAxes(
          items,
          dims,
          metric,
          progressOf("computing the principal axes"),
        );
        axes = principalAxes;
        reduce = (vector) => reduceVector(principalAxes, vector);
        if (axesOutput) await axesOutput.write(axesToNpy(axes));
      }
      space = nameReducedSpace(space, dims, axes);
      items = items.map(([item, vector, ...rest]) => [item, reduce(vector), ...rest]);
      catalogue.close();
      catalogue = await buildCatalogue(dims);
      // The tower gives vectors of the reduced space.
      if (text) text = { ...learn(text.report.fields), embedded: text.embedded };
    }

    if (listsMode === "always" || (listsMode === "auto" && items.length >= MIN_ITEMS_FOR_LISTS))
      catalogue = await buildLists(catalogue, items, progressOf("building the inverted lists"));
    if (text) catalogue = withTower(catalogue, text.tower);
    let ranges: RangesReport | undefined;
    if (values.ranges)
      ({ catalogue, report: ranges } = await buildRanges(
        catalogue,
        progressOf("dividing the items into blocks"),
      ));
    const measuredRecall = values["no-recall"]
      ? undefined
      : measureRecall(catalogue, givenItems, reduce, progressOf("measuring the recall"));

    const builtCells = cells
      ? await buildCells(items, reduction?.dims ?? givenDim, {
          cells,
          payloadFields: values["cells-payload"],
          onProgress: progressOf("dividing the items into cells"),
        })
      : undefined;

    const bytes = catalogue.toBytes();
    await output.write(bytes);
    if (builtCells) await writeFiles(cellFolder, builtCells.files);
    const report: BuildReport = {
      ...reportOf(output.name, catalogue, bytes.length),
      bytesPerItem: Math.round((bytes.length / catalogue.size) * 10) / 10,
      ...(reduction && { reduced: { from: givenDim, method: reduction.method } }),
      ...(nearDuplicates && { nearDuplicates }),
      ...(text && { text: { ...text.report, embedded: text.embedded } }),
      ...(measuredRecall && {
        recall: { at10: measuredRecall.recall, queries: measuredRecall.queries },
      }),
      ...(ranges && { ranges }),
      ...(builtCells && { cells: { folder: cellFolder, ...builtCells.report } }),
      seconds: (performance.now() - begunAt) / 1000,
    };
    progress.end();
    if (values.json) printJson(report);
    else printReport(report);
  } finally {
    progress.end();
  }
}

/** The fields of --text; undefined without it. */
function parseTextFields(values: {
  text?: string | undefined;
  embed?: string | undefined;
}): string[] | undefined {
  if (values.embed !== undefined) parseChoice("--embed", values.embed, ["text"]);
  if (values.text === undefined) {
    if (values.embed === undefined) return undefined;
    throw new UsageError("--embed text: expected --text FIELDS as well, as in --text title,tags");
  }
  const fields = values.text.split(",").map((field) => field.trim());
  if (fields.includes(""))
    throw new UsageError(`--text: expected FIELD,FIELD,..., saw "${values.text}"`);
  return fields;
}

/** The options --dims, --reduce and --axes; undefined without --dims. */
function parseReduction(values: {
  dims?: string | undefined;
  reduce?: string | undefined;
  axes?: string | undefined;
}): { dims: number; method: ReduceMethod } | undefined {
  const { dims, reduce, axes } = values;
  if (dims === undefined) {
    const [orphan] = [reduce && "--reduce", axes && "--axes"].filter(Boolean);
    if (orphan) throw new UsageError(`${orphan}: expected --dims D beside it`);
    return undefined;
  }
  const method = parseChoice("--reduce", reduce ?? "pca", REDUCE_METHODS);
  if (axes !== undefined && method !== "pca")
    throw new UsageError("--axes: there are none with --reduce truncate; leave it out");
  return { dims: parseInteger("--dims", dims, 1), method };
}

/** Throws unless vectors of `dim` components can be reduced with these options. */
function checkReduction(
  reduction: { dims: number; method: ReduceMethod } | undefined,
  dim: number,
): void {
  if (!reduction) return;
  if (reduction.dims > dim)
    throw new UsageError(`--dims: expected at most ${dim}, as the vectors, saw ${reduction.dims}`);
  if (reduction.method === "pca" && dim > MAX_DIM_FOR_AXES)
    throw new UsageError(
      `--reduce pca: expected vectors of at most ${MAX_DIM_FOR_AXES} components, saw ${dim}; ` +
        "use --reduce truncate, or reduce the vectors before",
    );
}

/** Length of a file in bytes; 0 if unknown: standard input, or a file that cannot be read. */
async function fileLength(file: string): Promise<number> {
  if (file === "-") return 0;
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Parses the option --attribute: FIELD or FIELD:number. */
function parseAttribute(text: string): AttributeOption {
  const [, name, type] = /^(.+?)(:number)?$/s.exec(text) ?? [];
  if (name === undefined)
    throw new UsageError(`--attribute: expected FIELD or FIELD:number, saw "${text}"`);
  return { name, isNumeric: type !== undefined };
}

/** An error about "item N", with the location at which the item was read. */
function locateError(error: unknown, locationOf: (index: number) => string): InputError {
  const message = messageOf(error);
  const [, index] = /\bitem (\d+)\b/.exec(message) ?? [];
  const isAttribute = /^attributes: /.test(message);
  const remedy = isAttribute ? " Text of CSV becomes a number with --attribute FIELD:number." : "";
  return new InputError(
    index === undefined ? message : `${locationOf(Number(index))}: ${message}${remedy}`,
  );
}

/** The item with `first` as variantOf in its payload; unchanged if it is no variant. */
function withVariantOf(entry: FileItem, first: string | undefined): FileItem {
  if (first === undefined) return entry;
  const [item, vector, payload, prior] = entry;
  return [item, vector, { ...(payload as object | undefined), variantOf: first }, prior];
}

const TREATMENT_TEXTS: Record<Treatment, string> = {
  report: "stored (--near-duplicates drop or group changes that)",
  drop: "dropped",
  group: "grouped: searches return the first of each group",
  keep: "stored",
};

function printReport(report: BuildReport): void {
  const { nearDuplicates, text, recall, reduced, ranges, cells, seconds, bytesPerItem } = report;
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

/** `pocketsage build`: reads items and writes a catalogue. */
import { stat } from "node:fs/promises";
import { Catalogue } from "../../catalogue/catalogue.js";
import { MAX_CELLS, MIN_CELLS } from "../../privacy/cells/format.js";
import { textOf } from "../../text/item-text.js";
import {
  parseArguments,
  parseChoice,
  parseInteger,
  parseNumber,
  requireValue,
} from "../arguments.js";
import { type ActionReport, embedActions } from "../build/action-vectors.js";
import { buildCells } from "../build/cells.js";
import { buildLists, MAX_SCANNED_SHARE, MIN_ITEMS_FOR_LISTS } from "../build/inverted-lists.js";
import { embedByModel, modelName } from "../build/model-vectors.js";
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
import { nameComputedModel, nameReducedSpace, nameSpace, parseModel } from "../build/space.js";
import { learnTexts, type TextItems, withTower } from "../build/text.js";
import { InputError, messageOf, UsageError } from "../command-error.js";
import { openOutput, writeFiles } from "../output-file.js";
import { BINARY_TYPES } from "../read/columnar-values.js";
import { type AttributeOption, type FileItem, readItems } from "../read/item-file.js";
import { reportOf } from "../terminal/catalogue-report.js";
import { formatCount, notePrinter, printJson } from "../terminal/print.js";
import { openProgress } from "../terminal/progress.js";
import { MAX_ITEMS_FOR_DUPLICATE_SEARCH } from "./build-help.js";
import {
  type BuildReport,
  type NearDuplicateReport,
  printReport,
  TREATMENTS,
  type Treatment,
} from "./build-report.js";

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
  "from-actions": { type: "string" },
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

const REDUCE_METHODS = ["pca", "truncate"] as const;
type ReduceMethod = (typeof REDUCE_METHODS)[number];

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
  const { id, vector, ids, columns } = values;
  const binary = values.binary && parseChoice("--binary", values.binary, BINARY_TYPES);
  const attributeOptions = values.attribute.map(parseAttribute);
  const textFields = parseTextFields(values);
  const embedAll = values.embed === "text";
  const embedModel = embedAll ? undefined : values.embed;
  const model = parseModel(values.space ?? (embedModel && modelName(embedModel)));
  const actionsFile = values["from-actions"];
  if (values.embed !== undefined && actionsFile !== undefined)
    throw new UsageError("--embed and --from-actions: expected one of them");
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

  const inputs = [input, ids, actionsFile];
  const output = await openOutput(out, inputs);
  const axesOutput = values.axes && (await openOutput(values.axes, [...inputs, out]));
  const begunAt = performance.now();
  const progress = openProgress("items read", { quiet: values.quiet });
  const onNote = notePrinter(values.quiet);
  const progressOf = (task: string) => (share: number) => progress.share(task, share);
  try {
    const read = await readItems(input, {
      id,
      vector,
      ids,
      columns,
      length: await fileLength(input),
      attributes: attributeOptions,
      prior: values.prior,
      binary: binary || undefined,
      vectorIsOptional: textFields !== undefined || actionsFile !== undefined,
      onNote,
      onProgress: progressOf("reading the items"),
      onItem: progress.count,
    });
    let items: readonly FileItem[] = read.items;
    const metric = givenMetric ?? read.metric ?? "cosine";
    checkCellMetric(metric);
    checkTextMetric(metric);
    if ((values.embed !== undefined || actionsFile !== undefined) && read.dim > 0)
      throw new UsageError(
        `${actionsFile === undefined ? "--embed" : "--from-actions"}: the items have vectors: ` +
          "leave the option out",
      );
    if (embedModel !== undefined) {
      const texts = items.map(([, , payload]) => textOf(payload, textFields!));
      const vectors = await embedByModel(texts, embedModel, progressOf("running the model"));
      items = items.map(([item, , ...rest], index) => [item, vectors[index]!, ...rest]);
    }
    let locationOf = read.locationOf;
    let fromActions: ActionReport | undefined;
    if (actionsFile !== undefined) {
      const ofActions = await embedActions(
        items,
        actionsFile,
        textFields !== undefined,
        onNote,
        progressOf("computing vectors of actions"),
      );
      items = ofActions.items;
      fromActions = ofActions.report;
      locationOf = (index) => read.locationOf(ofActions.indices[index]!);
    }
    let text: TextItems | undefined;
    const learn = (fields: readonly string[], all = false): TextItems =>
      learnTexts(items, fields, all, locationOf, progressOf("learning the words"));
    if (textFields) {
      text = learn(textFields, embedAll);
      items = text.items;
    }
    const givenDim = items[0]![1].length;
    let attributes: readonly string[] = [
      ...new Set([...(read.attributes ?? []), ...attributeOptions.map(({ name }) => name)]),
    ];
    checkReduction(reduction, givenDim);
    const source = embedAll ? "texts" : actionsFile !== undefined ? "actions" : undefined;
    const computedModel =
      source &&
      (await nameComputedModel(
        source,
        items.map(([, vector]) => vector),
      ));
    let space = nameSpace(model ?? computedModel, read.space, givenDim, metric);
    const buildCatalogue = (dim = givenDim): Promise<Catalogue> =>
      Catalogue.from(items, {
        dim,
        precision,
        metric,
        attributes,
        ...(space !== undefined && { space }),
      }).catch((error: unknown) => {
        throw locateError(error, locationOf);
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

    if (listsMode === "always" || (listsMode === "auto" && items.length >= MIN_ITEMS_FOR_LISTS)) {
      const progress = progressOf("building the inverted lists");
      const maxShare = listsMode === "always" ? 1 : MAX_SCANNED_SHARE;
      catalogue = await buildLists(catalogue, items, progress, maxShare);
    }
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
          space: catalogue.space,
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
      ...(fromActions && { fromActions }),
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
  if (values.embed === "") throw new UsageError("--embed: expected text or a model, saw nothing");
  if (values.text === undefined) {
    if (values.embed === undefined) return undefined;
    throw new UsageError("--embed: expected --text FIELDS as well, as in --text title,tags");
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

/** `pocketsage build`: reads items and writes a catalogue. */
import { Catalogue } from "../../catalogue/catalogue.js";
import type { Metric } from "../../catalogue/options.js";
import { textOf } from "../../text/item-text.js";
import { type ActionReport, embedActions } from "../build/action-vectors.js";
import { buildCells } from "../build/cells.js";
import { buildLists, MAX_SCANNED_SHARE, MIN_ITEMS_FOR_LISTS } from "../build/inverted-lists.js";
import { embedByModel } from "../build/model-vectors.js";
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
import { nameComputedModel, nameReducedSpace, nameSpace } from "../build/space.js";
import { learnTexts, type TextItems, withTower } from "../build/text.js";
import { InputError, messageOf, UsageError } from "../command-error.js";
import { type OutputFile, openOutput, writeFiles } from "../output-file.js";
import { type FileItem, readItems } from "../read/item-file.js";
import { fileLength } from "../read/stream.js";
import { reportOf } from "../terminal/catalogue-report.js";
import { formatCount, notePrinter, printJson } from "../terminal/print.js";
import { openProgress, type Progress } from "../terminal/progress.js";
import { MAX_ITEMS_FOR_DUPLICATE_SEARCH } from "./build-help.js";
import {
  type BuildOptions,
  checkMetric,
  parseBuildOptions,
  type Reduction,
} from "./build-options.js";
import { type BuildReport, type NearDuplicateReport, printReport } from "./build-report.js";

export { help } from "./build-help.js";

/** The items of the catalogue, and what is known of them. The steps of the build replace parts. */
interface Draft {
  items: readonly FileItem[];
  /** Components of the vectors. */
  dim: number;
  readonly metric: Metric;
  readonly precision: "full" | "compact";
  attributes: readonly string[];
  /** Name of the vector space; undefined for an unnamed one. */
  space: string | undefined;
  /** What was learned from the texts; undefined without --text. */
  text: TextItems | undefined;
  /** With --from-actions. */
  readonly fromActions: ActionReport | undefined;
  /** Where item `index` was read, for messages. */
  readonly locationOf: (index: number) => string;
}

/** Returns the function that reports the finished share of a task. */
type ProgressOf = (task: string) => (share: number) => void;

export async function run(args: string[]): Promise<void> {
  const options = parseBuildOptions(args);
  const { input, ids, actionsFile, out, reduction, cells } = options;
  const inputs = [input, ids, actionsFile];
  const output = await openOutput(out, inputs);
  const axesOutput = options.axes ? await openOutput(options.axes, [...inputs, out]) : undefined;
  const begunAt = performance.now();
  const progress = openProgress("items read", { quiet: options.quiet });
  const progressOf: ProgressOf = (task) => (share) => progress.share(task, share);
  try {
    const draft = await readDraft(options, progress, progressOf);
    progress.begin(`${formatCount(draft.items.length)} items: measuring the spread`);
    let catalogue = await buildCatalogue(draft);

    const nearDuplicates = searchNearDuplicates(catalogue, draft, options, progressOf);
    if (nearDuplicates?.hasChanged) {
      catalogue.close();
      catalogue = await buildCatalogue(draft);
    }

    const givenItems = draft.items;
    const givenDim = draft.dim;
    let reduce = (vector: Float32Array): Float32Array => vector;
    if (reduction) {
      reduce = await reduceDraft(draft, reduction, axesOutput, progressOf);
      catalogue.close();
      catalogue = await buildCatalogue(draft);
      // The tower gives vectors of the reduced space.
      if (draft.text)
        draft.text = {
          ...learnTextsOf(draft, draft.text.report.fields, false, progressOf),
          embedded: draft.text.embedded,
        };
    }

    const { items, text } = draft;
    const { lists } = options;
    if (lists === "always" || (lists === "auto" && items.length >= MIN_ITEMS_FOR_LISTS)) {
      const onProgress = progressOf("building the inverted lists");
      const maxShare = lists === "always" ? 1 : MAX_SCANNED_SHARE;
      catalogue = await buildLists(catalogue, items, onProgress, maxShare);
    }
    if (text) catalogue = withTower(catalogue, text.tower);
    let ranges: RangesReport | undefined;
    if (options.hasRanges) {
      const inBlocks = await buildRanges(catalogue, progressOf("dividing the items into blocks"));
      catalogue = inBlocks.catalogue;
      ranges = inBlocks.report;
    }
    const recall = options.hasRecall
      ? measureRecall(catalogue, givenItems, reduce, progressOf("measuring the recall"))
      : undefined;
    const builtCells = cells
      ? await buildCells(items, draft.dim, {
          cells,
          payloadFields: options.cellPayload,
          space: catalogue.space,
          onProgress: progressOf("dividing the items into cells"),
        })
      : undefined;

    const bytes = catalogue.toBytes();
    await output.write(bytes);
    if (builtCells) await writeFiles(options.cellFolder, builtCells.files);
    const { fromActions } = draft;
    const report: BuildReport = {
      ...reportOf(output.name, catalogue, bytes.length),
      bytesPerItem: Math.round((bytes.length / catalogue.size) * 10) / 10,
      ...(reduction && { reduced: { from: givenDim, method: reduction.method } }),
      ...(nearDuplicates && { nearDuplicates: nearDuplicates.report }),
      ...(fromActions && { fromActions }),
      ...(text && { text: { ...text.report, embedded: text.embedded } }),
      ...(recall && { recall: { at10: recall.recall, queries: recall.queries } }),
      ...(ranges && { ranges }),
      ...(builtCells && { cells: { folder: options.cellFolder, ...builtCells.report } }),
      seconds: (performance.now() - begunAt) / 1000,
    };
    progress.end();
    if (options.json) printJson(report);
    else printReport(report);
  } finally {
    progress.end();
  }
}

/** Reads the items, and computes the vectors of those that have none: --embed, --from-actions. */
async function readDraft(
  options: BuildOptions,
  progress: Progress,
  progressOf: ProgressOf,
): Promise<Draft> {
  const { input, textFields, embedAll, embedModel, actionsFile, reduction } = options;
  const onNote = notePrinter(options.quiet);
  const read = await readItems(input, {
    id: options.id,
    vector: options.vector,
    ids: options.ids,
    columns: options.columns,
    length: await fileLength(input),
    attributes: options.attributes,
    prior: options.prior,
    binary: options.binary,
    vectorIsOptional: textFields !== undefined || actionsFile !== undefined,
    onNote,
    onProgress: progressOf("reading the items"),
    onItem: progress.count,
  });
  let items: readonly FileItem[] = read.items;
  const metric = options.metric ?? read.metric ?? "cosine";
  checkMetric(metric, options);
  const computesVectors = embedAll || embedModel !== undefined || actionsFile !== undefined;
  if (computesVectors && read.dim > 0)
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
  const text = textFields && learnTextsOf({ items, locationOf }, textFields, embedAll, progressOf);
  items = text?.items ?? items;
  const dim = items[0]![1].length;
  checkReduction(reduction, dim);
  const computedModel = await nameModelOf(items, embedAll, actionsFile);
  return {
    items,
    dim,
    metric,
    precision: options.precision,
    attributes: [
      ...new Set([...(read.attributes ?? []), ...options.attributes.map(({ name }) => name)]),
    ],
    space: nameSpace(options.model ?? computedModel, read.space, dim, metric),
    text,
    fromActions,
    locationOf,
  };
}

/** The name of the space of vectors that were learned here; undefined for other vectors. */
async function nameModelOf(
  items: readonly FileItem[],
  embedAll: boolean,
  actionsFile: string | undefined,
): Promise<string | undefined> {
  if (!embedAll && actionsFile === undefined) return undefined;
  return nameComputedModel(
    embedAll ? "texts" : "actions",
    items.map(([, vector]) => vector),
  );
}

function learnTextsOf(
  { items, locationOf }: Pick<Draft, "items" | "locationOf">,
  fields: readonly string[],
  embedAll: boolean,
  progressOf: ProgressOf,
): TextItems {
  return learnTexts(items, fields, embedAll, locationOf, progressOf("learning the words"));
}

async function buildCatalogue(draft: Draft): Promise<Catalogue> {
  const { items, dim, precision, metric, attributes, space, locationOf } = draft;
  return Catalogue.from(items, {
    dim,
    precision,
    metric,
    attributes,
    ...(space !== undefined && { space }),
  }).catch((error: unknown) => {
    throw locateError(error, locationOf);
  });
}

/**
 * Searches for near-duplicates, and drops or groups them in the draft, as the options say;
 * undefined if there is no search.
 */
function searchNearDuplicates(
  catalogue: Catalogue,
  draft: Draft,
  { treatment: given, minScore }: BuildOptions,
  progressOf: ProgressOf,
): { report: NearDuplicateReport; hasChanged: boolean } | undefined {
  const { items } = draft;
  const treatment = given ?? (items.length <= MAX_ITEMS_FOR_DUPLICATE_SEARCH ? "report" : "keep");
  if (treatment === "keep") return undefined;
  const representativeOf = findNearDuplicates(
    catalogue,
    items,
    minScore,
    progressOf("searching for near-duplicates"),
  );
  const variants = representativeOf.size;
  const kinds = new Set(representativeOf.values()).size;
  const hasChanged = treatment !== "report" && variants > 0;
  if (hasChanged && treatment === "drop")
    draft.items = items.filter(([item]) => !representativeOf.has(item));
  else if (hasChanged) {
    draft.items = items.map((item) => withVariantOf(item, representativeOf.get(item[0])));
    draft.attributes = [...new Set([...draft.attributes, "variantOf"])];
  }
  return { report: { score: minScore, variants, kinds, treatment }, hasChanged };
}

/**
 * Reduces the vectors of the draft, and writes the axes if --axes names a file. Returns the
 * function that reduces a query in the same way.
 */
async function reduceDraft(
  draft: Draft,
  { dims, method }: Reduction,
  axesOutput: OutputFile | undefined,
  progressOf: ProgressOf,
): Promise<(vector: Float32Array) => Float32Array> {
  let axes: Axes | undefined;
  let reduce = (vector: Float32Array): Float32Array => vector.subarray(0, dims);
  if (method === "pca") {
    const onProgress = progressOf("computing the principal axes");
    const principalAxes = computeAxes(draft.items, dims, draft.metric, onProgress);
    axes = principalAxes;
    reduce = (vector) => reduceVector(principalAxes, vector);
    if (axesOutput) await axesOutput.write(axesToNpy(principalAxes));
  }
  draft.space = nameReducedSpace(draft.space, dims, axes);
  draft.items = draft.items.map(([item, vector, ...rest]) => [item, reduce(vector), ...rest]);
  draft.dim = dims;
  return reduce;
}

/** Throws unless vectors of `dim` components can be reduced with these options. */
function checkReduction(reduction: Reduction | undefined, dim: number): void {
  if (!reduction) return;
  if (reduction.dims > dim)
    throw new UsageError(`--dims: expected at most ${dim}, as the vectors, saw ${reduction.dims}`);
  if (reduction.method === "pca" && dim > MAX_DIM_FOR_AXES)
    throw new UsageError(
      `--reduce pca: expected vectors of at most ${MAX_DIM_FOR_AXES} components, saw ${dim}; ` +
        "use --reduce truncate, or reduce the vectors before",
    );
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

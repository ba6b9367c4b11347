/** The options of `pocketsage build`. */
import type { Metric } from "../../catalogue/options.js";
import { MAX_CELLS, MIN_CELLS } from "../../privacy/cells/format.js";
import {
  parseArguments,
  parseChoice,
  parseInteger,
  parseNumber,
  requireValue,
} from "../arguments.js";
import { modelName } from "../build/model-vectors.js";
import { parseModel } from "../build/space.js";
import { UsageError } from "../command-error.js";
import { BINARY_TYPES } from "../read/columnar-values.js";
import type { AttributeOption } from "../read/item-file.js";
import { TREATMENTS } from "./build-report.js";

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
/** The options --dims and --reduce. */
export interface Reduction {
  readonly dims: number;
  readonly method: ReduceMethod;
}

export type BuildOptions = ReturnType<typeof parseBuildOptions>;

/** Parses and checks what needs no file. */
export function parseBuildOptions(args: string[]) {
  const { values, positionals } = parseArguments(args, OPTIONS);
  const input = requireValue("the items file (- reads the standard input)", positionals[0]);
  const out = requireValue("-o CATALOGUE", values.out);
  const precision = parseChoice("--precision", values.precision, ["full", "compact"]);
  const metric =
    values.metric === undefined
      ? undefined
      : parseChoice("--metric", values.metric, ["cosine", "ip", "l2"]);
  const lists = parseChoice("--lists", values.lists, ["auto", "always", "never"]);
  const treatment = values["near-duplicates"]
    ? parseChoice("--near-duplicates", values["near-duplicates"], TREATMENTS)
    : undefined;
  const minScore = parseNumber("--near", values.near);
  const { id, vector, ids, columns } = values;
  const binary = values.binary ? parseChoice("--binary", values.binary, BINARY_TYPES) : undefined;
  const attributes = values.attribute.map(parseAttribute);
  const textFields = parseTextFields(values);
  const embedAll = values.embed === "text";
  const embedModel = embedAll ? undefined : values.embed;
  const model = parseModel(values.space ?? (embedModel && modelName(embedModel)));
  const actionsFile = values["from-actions"];
  if (values.embed !== undefined && actionsFile !== undefined)
    throw new UsageError("--embed and --from-actions: expected one of them");
  const cells = values.cells
    ? parseInteger("--cells", values.cells, MIN_CELLS, MAX_CELLS)
    : undefined;
  checkMetric(metric ?? "cosine", { cells, textFields });
  if (!cells && (values["cells-out"] || values["cells-payload"].length > 0))
    throw new UsageError("--cells-out and --cells-payload: expected --cells K as well");
  if (id === vector) throw new UsageError(`--id and --vector are both "${id}"`);
  return {
    input,
    out,
    precision,
    metric,
    lists,
    treatment,
    minScore,
    id,
    vector,
    ids,
    columns,
    binary,
    attributes,
    prior: values.prior,
    textFields,
    embedAll,
    embedModel,
    model,
    actionsFile,
    cells,
    cellFolder: values["cells-out"] ?? `${out.replace(/\.sage$/, "")}.cells`,
    cellPayload: values["cells-payload"],
    reduction: parseReduction(values),
    axes: values.axes,
    hasRanges: values.ranges,
    hasRecall: !values["no-recall"],
    quiet: values.quiet,
    json: values.json,
  };
}

/** Throws unless cells and texts, where they are asked for, can be of this metric. */
export function checkMetric(
  metric: Metric,
  { cells, textFields }: Pick<BuildOptions, "cells" | "textFields">,
): void {
  if (metric === "cosine") return;
  if (cells) throw new UsageError(`--cells: expected --metric cosine, saw ${metric}`);
  if (textFields) throw new UsageError(`--text: expected --metric cosine, saw ${metric}`);
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
}): Reduction | undefined {
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

/** Parses the option --attribute: FIELD or FIELD:number. */
function parseAttribute(text: string): AttributeOption {
  const [, name, type] = /^(.+?)(:number)?$/s.exec(text) ?? [];
  if (name === undefined)
    throw new UsageError(`--attribute: expected FIELD or FIELD:number, saw "${text}"`);
  return { name, isNumeric: type !== undefined };
}

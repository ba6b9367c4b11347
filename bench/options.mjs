// Command-line options of the benchmarks.
import { parseArgs } from "node:util";
import { Remedy } from "../scripts/lib/output.mjs";
import { taskSources } from "./data/ward-tasks.mjs";
import { contestants } from "./ward/contestants.mjs";

const flag = { type: "boolean", default: false };
const list = { type: "string" };
const wardFilters = { sizes: list, dims: list, data: list, only: list, quick: flag };

/** Task sets of the catalogue bench, smallest first. */
const catalogueSets = ["5k", "20k", "100k", "text"];

/**
 * Options of `npm run bench:ward`: `{ sizes, dims, data, only, quick, json, figures }`.
 * Throws a Remedy for anything else.
 */
export function wardOptions(args) {
  const { values } = parse(args, { ...wardFilters, json: flag, figures: flag });
  const used = Object.keys(wardFilters).filter((name) => values[name]);
  if (values.figures && used.length > 0) {
    throw new Remedy(
      `docs/figures.md shows a whole run: use --figures without --${used.join(" and --")}.`,
    );
  }
  return {
    ...values,
    sizes: integers("sizes", values.sizes, [100, 300, 1000, 3000, 10_000, 50_000]),
    dims: integers("dims", values.dims, [64, 256, 384]),
    data: names("data", values.data, Object.keys(taskSources)),
    only: names(
      "only",
      values.only,
      contestants.map(({ name }) => name),
      contestants.filter(({ onRequest }) => !onRequest).map(({ name }) => name),
    ),
  };
}

/**
 * Options of `npm run bench:browser`: `{ sizes, dims, quick, json }`. Throws a Remedy otherwise.
 */
export function browserOptions(args) {
  const { values } = parse(args, { sizes: list, dims: list, quick: flag, json: flag });
  return {
    ...values,
    sizes: integers("sizes", values.sizes, [100, 300, 1000, 3000]),
    dims: integers("dims", values.dims, [64, 256, 384]),
  };
}

/** Options of `npm run bench:workerd`: `{ quick, json }`. Throws a Remedy for anything else. */
export function workerdOptions(args) {
  return parse(args, { quick: flag, json: flag }).values;
}

/**
 * Options of `npm run bench:catalogue`: `{ sets, reports, json, figures }`, where `sets` are task
 * sets to run (default: all) and `reports` are paths of JSON reports to merge.
 * Throws a Remedy for anything else.
 */
export function catalogueOptions(args) {
  const { values, positionals } = parse(args, { json: flag, figures: flag }, true);
  const reports = positionals.filter((word) => word.endsWith(".json"));
  const sets = positionals.filter((word) => !word.endsWith(".json"));
  const unknown = sets.find((name) => !catalogueSets.includes(name));
  if (unknown !== undefined)
    throw new Remedy(`Unknown set "${unknown}". The sets are ${catalogueSets.join(", ")}.`);
  return { ...values, reports, sets: sets.length > 0 ? sets : catalogueSets };
}

function parse(args, options, allowPositionals = false) {
  try {
    return parseArgs({ args, options, allowPositionals });
  } catch (error) {
    const known = Object.entries(options).map(([name, { type }]) =>
      type === "string" ? `--${name} a,b,...` : `--${name}`,
    );
    throw new Remedy(`${error.message}\nThe options are ${known.join(", ")}.`);
  }
}

/** Parses positive integers separated by commas into a sorted array without duplicates. */
function integers(option, text, defaults) {
  if (text === undefined) return defaults;
  const wrong = text.split(",").find((word) => !/^[1-9]\d*$/.test(word));
  if (wrong !== undefined)
    throw new Remedy(
      `--${option}: saw "${wrong}", expected whole numbers from 1, ` +
        `as in --${option} ${defaults.join(",")}.`,
    );
  return [...new Set(text.split(",").map(Number))].sort((a, b) => a - b);
}

/** Parses names separated by commas; returns them in the order of `known`, without duplicates. */
function names(option, text, known, defaults = known) {
  if (text === undefined) return defaults;
  const wanted = text.split(",");
  const wrong = wanted.find((word) => !known.includes(word));
  if (wrong !== undefined)
    throw new Remedy(`--${option}: unknown name "${wrong}"; the names are ${known.join(", ")}.`);
  return known.filter((name) => wanted.includes(name));
}

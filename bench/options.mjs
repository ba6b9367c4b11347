// Parses the command-line options of the benchmarks.
import { parseArgs } from "node:util";
import { Remedy } from "../scripts/lib/output.mjs";
import { taskSources } from "./data/ward-tasks.mjs";
import { contestants } from "./ward/contestants.mjs";

const flagOption = { type: "boolean", default: false };
const listOption = { type: "string" };
/** Options of bench:ward that select a part of the whole run. */
const wardFilters = {
  sizes: listOption,
  dims: listOption,
  data: listOption,
  only: listOption,
  quick: flagOption,
};

/** The data sets of the catalogue bench, smallest first. */
const dataSetNames = ["5k", "20k", "100k", "text"];

/**
 * Parses the options of `npm run bench:ward` into `{ sizes, dims, data, only, quick, json, figures
 * }`. Throws a Remedy if an option is unknown or invalid.
 */
export function wardOptions(args) {
  const { values } = parseOptions(args, { ...wardFilters, json: flagOption, figures: flagOption });
  const usedFilters = Object.keys(wardFilters).filter((name) => values[name]);
  if (values.figures && usedFilters.length > 0) {
    throw new Remedy(
      `docs/figures.md shows a whole run: use --figures without --${usedFilters.join(" and --")}.`,
    );
  }
  return {
    ...values,
    sizes: parseIntegers("sizes", values.sizes, [100, 300, 1000, 3000, 10_000, 50_000]),
    dims: parseIntegers("dims", values.dims, [64, 256, 384]),
    data: parseNames("data", values.data, Object.keys(taskSources)),
    only: parseNames(
      "only",
      values.only,
      contestants.map(({ name }) => name),
      contestants.filter(({ onRequest }) => !onRequest).map(({ name }) => name),
    ),
  };
}

/**
 * Parses the options of `npm run bench:browser` into `{ sizes, dims, quick, json }`. Throws a
 * Remedy if an option is unknown or invalid.
 */
export function browserOptions(args) {
  const { values } = parseOptions(args, {
    sizes: listOption,
    dims: listOption,
    quick: flagOption,
    json: flagOption,
  });
  return {
    ...values,
    sizes: parseIntegers("sizes", values.sizes, [100, 300, 1000, 3000]),
    dims: parseIntegers("dims", values.dims, [64, 256, 384]),
  };
}

/**
 * Parses the options of `npm run bench:workerd` into `{ quick, json }`. Throws a Remedy if an
 * option is unknown.
 */
export function workerdOptions(args) {
  return parseOptions(args, { quick: flagOption, json: flagOption }).values;
}

/**
 * Parses the options of `npm run bench:catalogue` into `{ sets, reports, json, figures }`: the
 * names of the data sets to measure (default: all), and the paths of JSON reports to merge. Throws
 * a Remedy if an option or a data set is unknown.
 */
export function catalogueOptions(args) {
  const { values, positionals } = parseOptions(
    args,
    { json: flagOption, figures: flagOption },
    true,
  );
  const reports = positionals.filter((word) => word.endsWith(".json"));
  const sets = positionals.filter((word) => !word.endsWith(".json"));
  const unknownName = sets.find((name) => !dataSetNames.includes(name));
  if (unknownName !== undefined)
    throw new Remedy(
      `Unknown data set "${unknownName}". The data sets are ${dataSetNames.join(", ")}.`,
    );
  return { ...values, reports, sets: sets.length > 0 ? sets : dataSetNames };
}

/** `parseArgs` with a Remedy that lists the options if one is unknown. */
function parseOptions(args, options, allowPositionals = false) {
  try {
    return parseArgs({ args, options, allowPositionals });
  } catch (error) {
    const optionNames = Object.entries(options).map(([name, { type }]) =>
      type === "string" ? `--${name} a,b,...` : `--${name}`,
    );
    throw new Remedy(`${error.message}\nThe options are ${optionNames.join(", ")}.`);
  }
}

/** Parses positive integers separated by commas into a sorted array without duplicates. */
function parseIntegers(option, text, defaults) {
  if (text === undefined) return defaults;
  const invalidWord = text.split(",").find((word) => !/^[1-9]\d*$/.test(word));
  if (invalidWord !== undefined)
    throw new Remedy(
      `--${option}: saw "${invalidWord}", expected whole numbers from 1, ` +
        `as in --${option} ${defaults.join(",")}.`,
    );
  return [...new Set(text.split(",").map(Number))].sort((a, b) => a - b);
}

/** Parses names separated by commas; returns them in the order of `names`, without duplicates. */
function parseNames(option, text, names, defaults = names) {
  if (text === undefined) return defaults;
  const wantedNames = text.split(",");
  const invalidWord = wantedNames.find((word) => !names.includes(word));
  if (invalidWord !== undefined)
    throw new Remedy(
      `--${option}: unknown name "${invalidWord}"; the names are ${names.join(", ")}.`,
    );
  return names.filter((name) => wantedNames.includes(name));
}

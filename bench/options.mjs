// The words of the command line: which groups to measure, who takes part, and how the results are told.
import { parseArgs } from "node:util";
import { Remedy } from "../scripts/lib/say.mjs";
import { contestants } from "./ward/contestants.mjs";
import { dataSets } from "./data/ward-tasks.mjs";

const defaults = {
  sizes: [100, 300, 1000, 3000, 10_000, 50_000],
  dims: [64, 256, 384],
  data: Object.keys(dataSets),
};
const filters = {
  sizes: { type: "string" },
  dims: { type: "string" },
  data: { type: "string" },
  only: { type: "string" },
  quick: { type: "boolean", default: false },
};

/** `{ sizes, dims, data, only, quick, json, figures }` of `npm run bench:ward`; a Remedy for anything else. */
export function wardOptions(words) {
  const given = parse(words, {
    ...filters,
    json: { type: "boolean", default: false },
    figures: { type: "boolean", default: false },
  });
  const options = {
    ...given,
    sizes: numbers("sizes", given.sizes, defaults.sizes),
    dims: numbers("dims", given.dims, defaults.dims),
    data: names("data", given.data, Object.keys(dataSets), defaults.data),
    only: names(
      "only",
      given.only,
      contestants.map(({ name }) => name),
      contestants.filter(({ asked }) => !asked).map(({ name }) => name),
    ),
  };
  const narrowed = Object.keys(filters).filter((name) => given[name]);
  if (options.figures && narrowed.length > 0) {
    throw new Remedy(
      `docs/figures.md shows a whole run: use --figures without --${narrowed.join(" and --")}.`,
    );
  }
  return options;
}

/** `{ sizes, dims, quick, json }` of `npm run bench:browser`; a Remedy for anything else. */
export function browserOptions(words) {
  const { sizes, dims, quick } = filters;
  const given = parse(words, { sizes, dims, quick, json: { type: "boolean", default: false } });
  return {
    ...given,
    sizes: numbers("sizes", given.sizes, [100, 300, 1000, 3000]),
    dims: numbers("dims", given.dims, [64, 256, 384]),
  };
}

function parse(args, options) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    const known = Object.entries(options).map(([name, { type }]) =>
      type === "string" ? `--${name} a,b,...` : `--${name}`,
    );
    throw new Remedy(`${error.message}\nThe options are ${known.join(", ")}.`);
  }
}

/** Whole numbers from 1, ascending. */
function numbers(option, text, all) {
  if (text === undefined) return all;
  const wrong = text.split(",").find((word) => !/^[1-9]\d*$/.test(word));
  if (wrong !== undefined)
    throw new Remedy(
      `--${option}: saw "${wrong}", expected whole numbers from 1, as in --${option} ${all.join(",")}.`,
    );
  return [...new Set(text.split(",").map(Number))].sort((a, b) => a - b);
}

function names(option, text, known, all) {
  if (text === undefined) return all;
  const wrong = text.split(",").find((word) => !known.includes(word));
  if (wrong !== undefined)
    throw new Remedy(`--${option}: nothing is called "${wrong}"; there are ${known.join(", ")}.`);
  return known.filter((name) => text.split(",").includes(name)); // each once, in our order
}

/** `pocketsage eval`: measures recommendations on the actions of many users. */
import { init } from "../../index.js";
import {
  parseArguments,
  parseChoice,
  parseCut,
  parseHalfLife,
  parseInteger,
  parseNumber,
  parseRange,
} from "../arguments.js";
import { UsageError } from "../command-error.js";
import { type DataSet, joinDataSets } from "../eval/accounts.js";
import { DEFAULT_METHODS, METHOD_NAMES, parseMethod } from "../eval/baselines.js";
import { evaluate } from "../eval/evaluate.js";
import { readItemVectors, relevanceThreshold } from "../eval/item-vectors.js";
import { readActionLog } from "../eval/read-action-log.js";
import { readCategories } from "../eval/read-categories.js";
import { makeReport } from "../eval/report.js";
import { toHtml, toMarkdown } from "../eval/report-files.js";
import { printReport } from "../eval/report-format.js";
import { makeVariant, parseOption, parseVariant, type Variant } from "../eval/sage-variant.js";
import { PROTOCOLS, splitLog } from "../eval/split.js";
import { DEFAULT_SWEEPS, parseSweep, type Sweep } from "../eval/sweeps.js";
import { trainVectors } from "../eval/train-vectors.js";
import { openOutput } from "../output-file.js";
import { TIME_UNITS } from "../read/action-time.js";
import { displayName } from "../read/stream.js";
import { countOf, formatCount, notePrinter, printJson } from "../terminal/print.js";
import { openProgress } from "../terminal/progress.js";

/** Lists for the help, broken so that its lines fit. */
const listMethods = (names: readonly string[], separator: string, first: number): string =>
  [names.slice(0, first), names.slice(first)]
    .map((part) => part.join(separator))
    .join(`${separator.trimEnd()}\n${" ".repeat(25)}`);

export const help = `Measure recommendations: hide users' newest actions, recommend, and compare.

Usage
  pocketsage eval ACTIONS --vectors VECTORS [options]
  pocketsage eval ACTIONS --train-vectors [options]

  ACTIONS has one action a row, of all users: CSV or TSV, JSON, Parquet, Arrow, RecBole (.inter),
  MovieLens (.csv, or .dat with ::) or SASRec (user item, in order of time); also gzip (.gz).
  Columns with common names are found; a column "part" (train, test, later) is a given split.
  VECTORS has the vectors of the items, in any format of build, or is a catalogue (.sage).

Options
      --vectors FILE     the vectors of the items
      --train-vectors    train vectors of 128 dimensions on the train actions instead (PPMI of items
                         in the same histories, truncated SVD)
      --ids FILE         the ids of vectors without ids (.npy), one a line
      --items FILE       the categories of the items, by which calibration is measured instead of
                         clusters of the vectors: RecBole (.item), MovieLens, CSV, JSON, Parquet;
                         several are an array, or text with | between them
      --with ACTIONS     a second data set, whose items are orthogonal to those of the first, with
      --with-vectors, --with-ids, --with-items, as above
      --user, --item, --at, --part, --rating FIELD
                         the columns of ACTIONS, if they have other names
      --category FIELD   the column of --items that has the categories
      --columns NAMES    the columns of a file without a header line, as in user,item,rating,at
      --at-unit UNIT     unit of times: s, ms, us, ns, or auto (default)
      --times WHAT       clock: times are of one clock; order: they only order the actions of a
                         user, so ages are by rank, and popularity counts all train actions;
                         auto (default): order without times, or if all users begin at one time
      --min-rating R     leave out actions with a lower rating
      --protocol NAME    leave-newest-out (default): the last 20 % of a user's actions, at least 5,
                         are the future, of which the first 20 are tested; or walk-forward: each of
                         the last --days days is tested, with the actions before it as history
      --days N           days that walk-forward tests (default: 7)
      --min-actions N    users with fewer actions are not tested (default: 20)
      --users N          test a sample of this many users, or all (default: 500)
      --merge-users K    test accounts of K users each, whose actions are interleaved by time
      --accounts N       at most this many merged accounts (default: all)
  -n, --count N          recommendations of each case (default: 100)
      --threshold COSINE from which a recommendation is near a test item (default: auto, the 99.9 %
                         quantile of random pairs of items)
      --half-life DAYS   popularity: an action of this age counts half (default: none). Actions
                         after a user's first test action never count
      --methods LIST     what to compare with, separated by commas:
                         ${listMethods(METHOD_NAMES, ", ", 5)}
                         (default:
                         ${listMethods(DEFAULT_METHODS, ",", 6)})
      --cut RULE         the cut of the sage under test, as in recommend
      --option NAME=JSON an option of openSage or recommend for the sage under test; repeatable
      --variant NAME=JSON
                         one more sage under test, with these options, as in
                         narrow='{"cut": {"spread": 0.7}, "interests": 10}'; repeatable
      --no-sage          only the methods and the variants
      --reference NAME   the method or variant that differences refer to (default: last:1);
                         repeatable
      --resamples N      bootstrap resamples (default: 1000)
      --seed NUMBER      of samples, merges and resamples (default: 1)
      --sweep OPTION=VALUES
                         one more sage a value, plotted, as in interests=1,5,10; a.b is an option
                         in an object; repeatable (default: with --html
                         ${DEFAULT_SWEEPS.join(`\n${" ".repeat(25)}`)}),
                         none: no sweep
      --markdown FILE    write the report as Markdown
      --html FILE        write the report as HTML with plots, one file without scripts
  -q, --quiet            no progress and no notes on the standard error
      --json             the report as JSON
  -h, --help             this text

Exit codes
  0  success
  1  a row is invalid (the message has its line), a file cannot be read, or nothing can be tested
  2  the command line is invalid
`;

const OPTIONS = {
  vectors: { type: "string" },
  "train-vectors": { type: "boolean", default: false },
  ids: { type: "string" },
  with: { type: "string" },
  "with-vectors": { type: "string" },
  "with-ids": { type: "string" },
  items: { type: "string" },
  "with-items": { type: "string" },
  category: { type: "string" },
  user: { type: "string" },
  item: { type: "string" },
  at: { type: "string" },
  part: { type: "string" },
  rating: { type: "string" },
  columns: { type: "string" },
  "at-unit": { type: "string", default: "auto" },
  times: { type: "string", default: "auto" },
  "min-rating": { type: "string" },
  protocol: { type: "string", default: "leave-newest-out" },
  days: { type: "string", default: "7" },
  "min-actions": { type: "string", default: "20" },
  users: { type: "string", default: "500" },
  "merge-users": { type: "string", default: "1" },
  accounts: { type: "string" },
  count: { type: "string", short: "n", default: "100" },
  threshold: { type: "string", default: "auto" },
  "half-life": { type: "string", default: "none" },
  methods: { type: "string", default: DEFAULT_METHODS.join(",") },
  cut: { type: "string" },
  option: { type: "string", multiple: true, default: [] as string[] },
  variant: { type: "string", multiple: true, default: [] as string[] },
  "no-sage": { type: "boolean", default: false },
  reference: { type: "string", multiple: true, default: [] as string[] },
  resamples: { type: "string", default: "1000" },
  seed: { type: "string", default: "1" },
  sweep: { type: "string", multiple: true, default: [] as string[] },
  markdown: { type: "string" },
  html: { type: "string" },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parseArguments<typeof OPTIONS>>["values"];

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  const actions = positionals[0];
  if (actions === undefined) throw new UsageError("the actions file is missing");
  if ((values.vectors === undefined) !== values["train-vectors"])
    throw new UsageError("expected --vectors FILE or --train-vectors, one of the two");
  const seed = parseInteger("--seed", values.seed, 0, 2 ** 32 - 1);
  const count = parseInteger("--count", values.count);
  const resamples = parseInteger("--resamples", values.resamples, 100, 100_000);
  const mergeUsers = parseInteger("--merge-users", values["merge-users"], 1, 100);
  const accounts =
    values.accounts === undefined ? Infinity : parseInteger("--accounts", values.accounts);
  const halfLifeDays =
    values["half-life"] === "none" ? undefined : parseHalfLife(values["half-life"]);
  const methods = values.methods.split(",").filter(Boolean).map(parseMethod);
  const { variants, sweeps } = parseVariants(values);
  const swept = sweeps.flatMap((sweep) => sweep.variants);
  const names = [...methods, ...variants].map(({ name }) => name);
  const references = values.reference.length > 0 ? values.reference : names.slice(0, 1);
  for (const reference of references) parseChoice("--reference", reference, names);
  const givenThreshold =
    values.threshold === "auto" ? undefined : parseRange("--threshold", values.threshold, -1, 1);
  const reading = parseReading(values);
  const inputs = [
    actions,
    values.vectors,
    values.ids,
    values.items,
    values.with,
    values["with-vectors"],
    values["with-ids"],
    values["with-items"],
  ];
  const htmlOutput = values.html === undefined ? undefined : await openOutput(values.html, inputs);
  const markdownOutput =
    values.markdown === undefined ? undefined : await openOutput(values.markdown, inputs);
  const progress = openProgress("actions read", { quiet: values.quiet });
  const onNote = notePrinter(values.quiet);
  try {
    await init();
    const data = joinDataSets(await readDataSets(actions, values, reading, progress), {
      mergeUsers,
      accounts,
      seed,
    });
    const counts = new Uint32Array(data.vectors.ids.length);
    for (const row of data.train.row) counts[row]! += 1;
    const threshold = givenThreshold ?? relevanceThreshold(data.vectors, counts, data.setOf, seed);
    reportLosses(data, onNote);
    const rows = await evaluate(data, {
      methods,
      variants: [...variants, ...swept],
      count,
      threshold,
      halfLifeDays,
      seed,
      onShare: (task, share) => progress.share(task, share),
    });
    progress.begin("bootstrap");
    const report = makeReport(rows, data, {
      threshold,
      count,
      resamples,
      seed,
      references,
      variants,
      sweeps,
    });
    await htmlOutput?.write(new TextEncoder().encode(toHtml(report)));
    await markdownOutput?.write(new TextEncoder().encode(toMarkdown(report)));
    progress.end();
    if (values.json) printJson(report);
    else printReport(report);
  } finally {
    progress.end();
  }
}

/** The sages under test: the default one, those of --variant, and those of each sweep. */
function parseVariants(values: Values): { variants: Variant[]; sweeps: Sweep[] } {
  const commonOptions: Record<string, unknown> = Object.fromEntries(values.option.map(parseOption));
  if (values.cut !== undefined) commonOptions.cut = parseCut(values.cut);
  const givenVariants = values.variant.map((text) => parseVariant(text, commonOptions));
  const variants = values["no-sage"]
    ? givenVariants
    : [makeVariant("sage", commonOptions), ...givenVariants];
  const defaultSweeps = values.html !== undefined && !values["no-sage"] ? DEFAULT_SWEEPS : [];
  const sweepTexts = values.sweep.length > 0 ? values.sweep : defaultSweeps;
  const sweeps = sweepTexts
    .filter((text) => text !== "none")
    .map((text) => parseSweep(text, commonOptions));
  const names = [...variants, ...sweeps.flatMap((sweep) => sweep.variants)].map(({ name }) => name);
  const repeatedName = names.find((name, index) => names.indexOf(name) < index);
  if (repeatedName !== undefined)
    throw new UsageError(`--variant: expected different names, saw two of "${repeatedName}"`);
  return { variants, sweeps };
}

/** The checked options of reading and splitting a log. */
type Reading = ReturnType<typeof parseReading>;

/** Checks the options before a file is read. */
function parseReading(values: Values) {
  if (values.with !== undefined && !values["with-vectors"] && !values["train-vectors"])
    throw new UsageError("--with: --with-vectors FILE is missing");
  return {
    atUnit: parseChoice("--at-unit", values["at-unit"], TIME_UNITS),
    minRating:
      values["min-rating"] === undefined
        ? undefined
        : parseNumber("--min-rating", values["min-rating"]),
    times: parseChoice("--times", values.times, ["auto", "clock", "order"]),
    splitOptions: {
      protocol: parseChoice("--protocol", values.protocol, PROTOCOLS),
      minActions: parseInteger("--min-actions", values["min-actions"], 2),
      days: parseInteger("--days", values.days),
      users: values.users === "all" ? Infinity : parseInteger("--users", values.users),
      seed: Number(values.seed),
    },
  };
}

/** The files of one data set. */
interface DataFiles {
  readonly actions: string;
  readonly vectors: string | undefined;
  readonly ids: string | undefined;
  readonly items: string | undefined;
}

/** The first data set, and that of --with. */
async function readDataSets(
  actions: string,
  values: Values,
  reading: Reading,
  progress: ReturnType<typeof openProgress>,
): Promise<DataSet[]> {
  const files = { actions, vectors: values.vectors, ids: values.ids, items: values.items };
  const sets = [await readDataSet(files, values, reading, progress)];
  if (values.with !== undefined) {
    const { "with-vectors": vectors, "with-ids": ids, "with-items": items } = values;
    const otherFiles = { actions: values.with, vectors, ids, items };
    sets.push(await readDataSet(otherFiles, values, reading, progress));
  }
  return sets;
}

async function readDataSet(
  { actions: file, vectors: vectorsFile, ids, items }: DataFiles,
  values: Values,
  { atUnit, minRating, splitOptions, times }: Reading,
  progress: ReturnType<typeof openProgress>,
): Promise<DataSet> {
  const onNote = notePrinter(values.quiet);
  const name = displayName(file);
  const { seed } = splitOptions;
  const log = await readActionLog(file, {
    columns: values,
    header: values.columns,
    onNote,
    atUnit,
    minRating,
    onAction: progress.count,
    onShare: (share) => progress.share(`reading ${name}`, share),
  });
  const split = splitLog(log, splitOptions);
  const beginsAtOnce = log.hasTimes && beginsAtOneTime(log.at, log.offsets);
  if (times === "auto" && beginsAtOnce)
    onNote(`${name}: all users begin at one time: times are taken as order (--times order)`);
  if (split.repeatedTests > 0)
    onNote(`${name}: ${formatCount(split.repeatedTests)} test actions repeat an item and are out`);
  const vectors =
    vectorsFile === undefined
      ? trainVectors(log, split.isTrain, seed, (share) => progress.share("training vectors", share))
      : await readItemVectors(vectorsFile, ids, onNote, (share) =>
          progress.share(`reading ${displayName(vectorsFile)}`, share),
        );
  const categories =
    items === undefined
      ? undefined
      : await readCategories(items, { item: values.item, category: values.category, onNote });
  if (categories) {
    const count = vectors.ids.filter((id) => !categories.has(id)).length;
    if (count > 0) onNote(`${displayName(items!)}: ${countOf(count, "item")} without a category`);
  }
  return {
    log,
    split,
    vectors,
    categories,
    hasClock: log.hasTimes && (times === "auto" ? !beginsAtOnce : times === "clock"),
  };
}

function beginsAtOneTime(at: Float64Array, offsets: Uint32Array): boolean {
  const users = offsets.length - 1;
  for (let user = 1; user < users; user += 1)
    if (at[offsets[user]!] !== at[offsets[0]!]) return false;
  return users > 1;
}

function reportLosses(data: ReturnType<typeof joinDataSets>, onNote: (note: string) => void): void {
  const { unknownTrain, unknownTest, lostCases } = data;
  if (unknownTrain + unknownTest > 0)
    onNote(
      `items without a vector: ${formatCount(unknownTrain)} train and ` +
        `${formatCount(unknownTest)} test actions are left out`,
    );
  if (lostCases > 0) onNote(`${formatCount(lostCases)} cases have no item with a vector`);
  if (!data.hasClock)
    onNote("no common clock: popularity counts all train actions, also those of later times");
}

/** `pocketsage prior`: counts the actions of a log and writes the counts into a catalogue. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { ItemId } from "../../item.js";
import { inspect } from "../../values/check.js";
import { LIMITS } from "../../values/limits.js";
import {
  parseArguments,
  parseChoice,
  parseDays,
  parseHalfLife,
  parseKindWeights,
  parseTime,
  requireValue,
} from "../arguments.js";
import { PopularityCounter } from "../build/popularity.js";
import { InputError, UsageError } from "../command-error.js";
import { openOutput } from "../output-file.js";
import { parseFields } from "../profile-input.js";
import { type ActionStreamOptions, type FileAction, streamActions } from "../read/action-file.js";
import { PRESET_NAMES } from "../read/action-presets.js";
import { TIME_UNITS } from "../read/action-time.js";
import { readCatalogue } from "../read/catalogue-file.js";
import { displayName, fileLength } from "../read/stream.js";
import { readTime } from "../read/time.js";
import { printCatalogue, reportOf } from "../terminal/catalogue-report.js";
import {
  countOf,
  formatCount,
  formatPrior,
  formatTime,
  labelOf,
  notePrinter,
  print,
  printJson,
  printTable,
} from "../terminal/print.js";
import { openProgress } from "../terminal/progress.js";

export const help = `Give each item of a catalogue a prior: its popularity, counted from a log.

Usage
  pocketsage prior CATALOGUE --actions ACTIONS [options]

  An action counts by its weight, and half of it after each half-life. The priors of all items are
  replaced; an item without actions gets 0. Count again regularly, as every night: popularity
  passes. Actions later than --now are not counted, so that a measurement at that time does not
  use its future.

Options
  -c, --catalogue FILE   built by pocketsage build; also the first argument
  -o, --out FILE         where to write the catalogue (default: CATALOGUE is replaced)
  -a, --actions FILE     JSON, CSV, Parquet or Arrow, one action a row, of all users: item, at,
                         and where given weight and kind, as for pocketsage profile
      --half-life DAYS   an action of this age counts half (default: 90); none: all count the same
      --window DAYS      only actions of the last DAYS, as in 30d (default: all)
      --now TIME         the time at which actions are weighted (default: that of the newest one)
      --kind KIND=WEIGHT weight of a kind of action, as in --kind save=3 (default: 1); repeatable
      --item FIELD       the fields of the action and their units, as for pocketsage profile:
      --at FIELD         --item, --at, --at-unit, --kind, --weight, --user, --columns, --preset
  -q, --quiet            no progress and no notes on the standard error
      --json             the report as JSON
  -h, --help             this text

  Actions on items that are not in the catalogue are counted in the report and left out; so are
  those with a negative weight. The file - is the standard input.

Example
  $ pocketsage prior items.sage --actions log.jsonl --half-life 90 --window 365d

Exit codes
  0  the catalogue was written
  1  an action is invalid (the message has its line), none is counted, or a file cannot be read or
     written; then no file is written
  2  the command line is invalid
`;

const OPTIONS = {
  catalogue: { type: "string", short: "c" },
  out: { type: "string", short: "o" },
  actions: { type: "string", short: "a" },
  "half-life": { type: "string", default: "90" },
  window: { type: "string" },
  now: { type: "string" },
  kind: { type: "string", multiple: true, default: [] as string[] },
  item: { type: "string" },
  at: { type: "string" },
  "at-unit": { type: "string", default: "auto" },
  weight: { type: "string" },
  user: { type: "string" },
  columns: { type: "string" },
  preset: { type: "string", default: "auto" },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

/** Items of the largest priors that the report shows. */
const SHOWN_ITEMS = 5;

/** Which actions were counted and which were left out. */
interface ActionCounts {
  /** Actions of the file. */
  read: number;
  /** Actions that count towards a prior: those read, without the four groups below. */
  counted: number;
  /** Actions later than --now. */
  later: number;
  /** Actions before the window. */
  older: number;
  /** Actions with a negative weight. */
  negative: number;
  /** Actions on items that are not in the catalogue. */
  unknown: number;
  /** Items that are not in the catalogue. */
  unknownItems: number;
}

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  const file = requireValue("the catalogue file", values.catalogue ?? positionals[0]);
  if (values.catalogue !== undefined && positionals.length > 0)
    throw new UsageError(`unexpected argument ${inspect(positionals[0])} beside --catalogue`);
  const actionsFile = requireValue("--actions FILE", values.actions);
  if (file === "-" && actionsFile === "-")
    throw new UsageError("the catalogue and --actions cannot both be the standard input (-)");
  if (file === "-" && values.out === undefined)
    throw new UsageError("-o FILE is missing: the catalogue is the standard input (-)");
  if (values.at !== undefined && readTime(values.at) !== undefined)
    throw new UsageError(`--at names the field of the time: for a time use --now ${values.at}`);
  const halfLifeDays = parseHalfLife(values["half-life"]);
  const windowDays = values.window === undefined ? Infinity : parseDays("--window", values.window);
  const now = values.now === undefined ? Infinity : parseTime("--now", values.now);
  const needsTimes = halfLifeDays !== Infinity || windowDays !== Infinity;
  const kinds = parseKindWeights(values.kind.filter((kind) => kind.includes("=")));
  const progress = openProgress("actions read", { quiet: values.quiet });
  const onNote = notePrinter(values.quiet);
  const actionOptions: ActionStreamOptions = {
    ...parseFields(values),
    preset: parseChoice("--preset", values.preset, PRESET_NAMES),
    atUnit: parseChoice("--at-unit", values["at-unit"], TIME_UNITS),
    columns: values.columns,
    onNote,
    onBytes: await progressByBytes(actionsFile, progress.share),
  };
  const output = await openOutput(values.out ?? file, [actionsFile]);
  const { catalogue } = await readCatalogue(file);

  try {
    const counter = new PopularityCounter({ halfLifeDays, windowDays });
    const counts = await countActions(streamActions(actionsFile, actionOptions), counter, {
      catalogue,
      now,
      kinds,
      needsTimes,
      onAction: actionOptions.onBytes === undefined ? progress.count : () => undefined,
    });
    progress.end();
    const countedAt = now === Infinity ? counter.newest : now;
    const older = counter.outsideWindowAt(countedAt);
    const actions = { ...counts, counted: counts.counted - older, older };
    if (actions.counted === 0)
      throw new InputError(`${displayName(actionsFile)}: ${describeNothingCounted(actions)}`);
    catalogue.setPriors(boundedPriors(counter.countsAt(countedAt)));
    const bytes = catalogue.toBytes();
    await output.write(bytes);
    const report = { ...reportOf(output.name, catalogue, bytes.length), now: countedAt, actions };
    const mostPopular = itemsOfLargestPriors(catalogue);
    if (values.json) return printJson({ ...report, mostPopular });
    printCatalogue(report, [
      ["actions", describeActions(actions)],
      ["weighted at", formatTime(countedAt)],
    ]);
    print("");
    print("largest priors");
    printTable(
      [">prior", "item", "id"],
      mostPopular.map(({ item, prior }) => [formatPrior(prior), labelOf(catalogue, item), item]),
    );
  } finally {
    progress.end();
  }
}

/** Adds the actions that count to the counter, and counts the others by why they do not. */
async function countActions(
  actions: ReturnType<typeof streamActions>,
  counter: PopularityCounter,
  options: {
    catalogue: Catalogue;
    now: number;
    kinds: Readonly<Record<string, number>>;
    needsTimes: boolean;
    onAction: (read: number) => void;
  },
): Promise<Omit<ActionCounts, "older">> {
  const { catalogue, now, kinds, needsTimes, onAction } = options;
  const counts = { read: 0, counted: 0, later: 0, negative: 0, unknown: 0 };
  const unknownItems = new Set<ItemId>();
  for await (const { location, action } of actions) {
    counts.read += 1;
    onAction(counts.read);
    const weight = weightOf(location, action, kinds);
    if (action.at === undefined && needsTimes)
      throw new InputError(
        `${location}: the action has no time. --at FIELD names its field; ` +
          "--half-life none counts without times.",
      );
    const at = Number(action.at ?? 0);
    if (at > now) counts.later += 1;
    else if (weight < 0) counts.negative += 1;
    else if (!catalogue.has(action.item)) {
      counts.unknown += 1;
      unknownItems.add(action.item);
    } else {
      counts.counted += 1;
      counter.add(action.item, at, weight);
    }
  }
  return { ...counts, unknownItems: unknownItems.size };
}

/** The weight of an action: its own, else that of its kind, else 1. */
function weightOf(
  location: string,
  { weight, kind }: FileAction,
  kinds: Readonly<Record<string, number>>,
): number {
  const givenOrKindWeight =
    weight ?? (kind !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind] : 1);
  if (givenOrKindWeight !== undefined && Math.abs(givenOrKindWeight) <= LIMITS.maxWeight)
    return givenOrKindWeight;
  throw new InputError(
    `${location}: weight: expected a number of at most ${LIMITS.maxWeight}, ` +
      `saw ${inspect(weight)}. Divide weights by a typical one.`,
  );
}

/** Reports the share of the actions file that was read; undefined where its length is unknown. */
async function progressByBytes(
  file: string,
  onShare: (task: string, done: number) => void,
): Promise<((bytesRead: number) => void) | undefined> {
  // An error of a missing file is reported when it is read.
  const length = await fileLength(file);
  return length > 0
    ? (bytesRead) => onShare("counting the actions", bytesRead / length)
    : undefined;
}

/** Counts within the range of a prior. */
function boundedPriors(counts: ReadonlyMap<ItemId, number>): [ItemId, number][] {
  return Array.from(counts, ([item, count]) => [item, Math.min(count, LIMITS.maxPrior)]);
}

function itemsOfLargestPriors(catalogue: Catalogue): { item: ItemId; prior: number }[] {
  return Array.from(catalogue.ids(), (item) => ({ item, prior: catalogue.prior(item)! }))
    .sort((a, b) => b.prior - a.prior)
    .slice(0, SHOWN_ITEMS);
}

function describeActions({ counted, ...left }: ActionCounts): string {
  const leftOut = [
    left.unknown > 0 &&
      `${formatCount(left.unknown)} on ${countOf(left.unknownItems, "item")} not in the catalogue`,
    left.later > 0 && `${formatCount(left.later)} later than --now`,
    left.older > 0 && `${formatCount(left.older)} before the window`,
    left.negative > 0 && `${formatCount(left.negative)} of negative weight`,
  ].filter((text) => text !== false);
  const counts = `${formatCount(counted)} counted`;
  return leftOut.length > 0 ? `${counts}; left out: ${leftOut.join(", ")}` : counts;
}

function describeNothingCounted(actions: ActionCounts): string {
  if (actions.read === 0) return "no actions.";
  const remedy =
    actions.unknown > 0
      ? " --item FIELD names the field of the item's id in the catalogue."
      : " Actions are counted up to --now TIME, and from --window before it.";
  return `no action is counted: ${describeActions(actions)}.${remedy}`;
}

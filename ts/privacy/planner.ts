/** The planner: compares the ways to retrieve by their measured utility, bytes and epsilon. */
import { SageError } from "../errors.js";
import { checkInteger, checkKeys, checkPositive } from "../values/check.js";
import { LIMITS } from "../values/limits.js";
import { MAX_CELLS, MIN_CELLS } from "./cells/format.js";
import { MAX_EPSILON, subsetMechanism } from "./subset.js";

/** Options of {@link plan}. */
export interface PrivacyPlanOptions {
  /** Items of the catalogue. */
  items: number;
  /** Bytes that a device may download in an epoch. */
  bytes: number;
  /** Largest epsilon of one released set; without it, no release that costs. */
  epsilon?: number;
  /** Servers of different operators that do not collude. Default: 1. */
  hosts?: number;
  /** Components of a vector. Default: 128. */
  dim?: number;
  /** Typical bytes of an id and a payload. Default: 20. */
  textBytes?: number;
  /** Interests per epoch. Default: 5. */
  interests?: number;
  /** Length of an epoch in days. Default: 1. */
  epochDays?: number;
}

/** One way to retrieve, with what it costs. */
export interface PrivacyChoice {
  kind: "local" | "split" | "shard" | "static";
  /** Cells of the catalogue, K; 0 for `local`. */
  cells: number;
  /** Cells per interest, p. */
  probes: number;
  /**
   * Expected share of the ideal mean cosine of the first 20 items, in [0, 1]: interpolated from
   * `npm run bench:privacy` at 20,000 items, so an estimate for other catalogues.
   */
  utility: number;
  /** Bytes that a device downloads in an epoch; for `local` once. */
  bytes: number;
  /** Bytes of the codebook, downloaded once for a build of the cells. */
  codebookBytes: number;
  /** Milliseconds of CPU of a server for the requests of one device and epoch. */
  cpuMs: number;
  /** Largest sum of epsilons in 30 days, if all interests change in every epoch. */
  epsilonPerMonth: number;
  /** Why it is not chosen, or what it assumes. */
  note: string;
}

/** The choice, and the alternatives in the order in which they are preferred. */
export interface PrivacyPlan {
  choice: PrivacyChoice;
  choices: PrivacyChoice[];
}

type Point = readonly [share: number, utility: number];

/**
 * Measured shares of the ideal cosine (`npm run bench:privacy`, 20,000 package descriptions) by the
 * share of the catalogue that one interest fetches, for each number of its nearest cells.
 */
const NEAREST_CELLS: readonly { readonly probes: number; readonly points: readonly Point[] }[] = [
  {
    probes: 1,
    points: [
      [0.002, 0.868],
      [0.0039, 0.895],
      [0.0156, 0.912],
    ],
  },
  {
    probes: 2,
    points: [
      [0.0039, 0.929],
      [0.0078, 0.941],
      [0.0313, 0.948],
    ],
  },
  {
    probes: 4,
    points: [
      [0.0078, 0.961],
      [0.0156, 0.966],
      [0.0625, 0.973],
    ],
  },
  {
    probes: 6,
    points: [
      [0.0117, 0.972],
      [0.0234, 0.974],
      [0.0938, 0.982],
    ],
  },
];
/** The share of the ideal cosine for random cells, by the share of the catalogue fetched. */
const RANDOM_CELLS: readonly Point[] = [
  [0.0039, 0.227],
  [0.0078, 0.326],
  [0.0156, 0.445],
  [0.0313, 0.508],
  [0.0469, 0.566],
  [0.125, 0.655],
  [0.1875, 0.727],
  [1, 1],
];

/** Cell header, and padding to 16 bytes. */
const CELL_OVERHEAD_BYTES = 16;
/** Bytes that a server combines in a millisecond, measured (docs/decisions/0044-split.md). */
const XOR_BYTES_PER_MS = 1e7;
/** Subset selection, which costs epsilon, is chosen if its utility exceeds a shard's by this. */
const MIN_GAIN = 0.02;
const DAYS_PER_MONTH = 30;
/** Minimum number of items per cell: the results of a search are chosen among them. */
const MIN_ITEMS_PER_CELL = 8;
/** Bytes of a cell's hash in the codebook. */
const HASH_BYTES = 16;
/** Largest codebook, in multiples of the bytes of an epoch. */
const MAX_CODEBOOK_SHARE = 2;

/**
 * Compares the ways to retrieve and chooses: the whole catalogue if it fits, then two servers, then
 * a random shard, and subset selection only where it is better than a shard of the same bytes.
 * Throws code "option" or "not-finite".
 */
export function plan(options: PrivacyPlanOptions): PrivacyPlan {
  const names = ["items", "bytes", "epsilon", "hosts", "dim", "textBytes", "interests"];
  checkKeys("plan", options, [...names, "epochDays"]);
  const items = checkInteger("plan: items", options.items, MIN_CELLS);
  const bytes = checkPositive("plan: bytes", options.bytes, Number.MAX_SAFE_INTEGER);
  const hosts = checkInteger("plan: hosts", options.hosts ?? 1);
  const dim = checkInteger("plan: dim", options.dim ?? 128, 1, LIMITS.maxDim);
  const textBytes = checkInteger("plan: textBytes", options.textBytes ?? 20);
  const interests = checkInteger("plan: interests", options.interests ?? 5, 1, 64);
  const epochDays = checkPositive("plan: epochDays", options.epochDays ?? 1, 366);
  const epsilon =
    options.epsilon === undefined
      ? undefined
      : checkPositive("plan: epsilon", options.epsilon, MAX_EPSILON);
  const itemBytes = dim + 6 + textBytes;
  const size = { items, itemBytes, interests, bytes, dim };
  const counts = cellCounts(size);

  const choices: PrivacyChoice[] = [localChoice(size)];
  const split = bestOf(counts, (cells) => splitChoice(size, cells));
  if (hosts >= 2 && split) choices.push(split);
  const shard = bestOf(counts, (cells) => shardChoice(size, cells));
  if (shard) choices.push(shard);
  if (epsilon !== undefined) {
    const epochs = DAYS_PER_MONTH / epochDays;
    const released = bestOf(counts, (cells) => staticChoice(size, cells, epsilon, epochs));
    if (released) choices.push(released);
  }
  const choice = choose(choices, bytes);
  return { choice, choices };
}

interface Sizes {
  readonly dim: number;
  readonly items: number;
  readonly itemBytes: number;
  readonly interests: number;
  readonly bytes: number;
}

function choose(choices: PrivacyChoice[], bytes: number): PrivacyChoice {
  const [local, ...others] = choices as [PrivacyChoice, ...PrivacyChoice[]];
  if (local.bytes <= bytes) {
    for (const other of others) other.note = "Not needed: the whole catalogue fits.";
    return local;
  }
  local.note = `The whole catalogue has ${local.bytes} bytes.`;
  const split = others.find(({ kind }) => kind === "split");
  const shard = others.find(({ kind }) => kind === "shard");
  const released = others.find(({ kind }) => kind === "static");
  if (split) {
    if (released) released.note = "Refused: two servers cost no epsilon.";
    return split;
  }
  if (released && released.utility >= (shard?.utility ?? 0) + MIN_GAIN) return released;
  if (released) released.note = "Refused: a random shard of the same bytes is as good.";
  if (shard) return shard;
  throw new SageError(
    "option",
    `plan: bytes: ${bytes} are too few for one cell of each interest: allow more.`,
  );
}

/**
 * The numbers of cells to compare: powers of two with at least MIN_ITEMS_PER_CELL items each, and
 * with a codebook within MAX_CODEBOOK_SHARE.
 */
function cellCounts({ items, bytes, dim }: Sizes): number[] {
  const counts: number[] = [];
  const maxCodebookCells = (MAX_CODEBOOK_SHARE * bytes) / (dim + HASH_BYTES);
  const maxCells = Math.min(MAX_CELLS, items / MIN_ITEMS_PER_CELL, maxCodebookCells);
  for (let cells = MIN_CELLS; cells <= maxCells; cells *= 2) counts.push(cells);
  return counts;
}

/** The choice of the largest utility; ties: the most cells. Undefined if none fits. */
function bestOf(
  counts: readonly number[],
  choiceOf: (cells: number) => PrivacyChoice | undefined,
): PrivacyChoice | undefined {
  let best: PrivacyChoice | undefined;
  for (const cells of counts) {
    const choice = choiceOf(cells);
    if (choice && (!best || choice.utility >= best.utility)) best = choice;
  }
  return best;
}

function cellBytesOf({ items, itemBytes }: Sizes, cells: number): number {
  return Math.ceil(items / cells) * itemBytes + CELL_OVERHEAD_BYTES;
}

function codebookBytesOf({ dim }: Sizes, cells: number): number {
  return cells * (dim + HASH_BYTES);
}

function localChoice({ items, itemBytes }: Sizes): PrivacyChoice {
  const note = "Nothing about the user leaves.";
  const costs = { bytes: items * itemBytes, codebookBytes: 0, cpuMs: 0, epsilonPerMonth: 0 };
  return { kind: "local", cells: 0, probes: 0, utility: 1, ...costs, note };
}

function splitChoice(size: Sizes, cells: number): PrivacyChoice | undefined {
  const { items, itemBytes, interests, bytes } = size;
  const cellBytes = cellBytesOf(size, cells);
  const probes = Math.min(
    Math.floor(64 / interests),
    Math.floor(bytes / (2 * interests * cellBytes)),
  );
  if (probes < 1) return undefined;
  const requestedCells = interests * probes;
  return {
    kind: "split",
    cells,
    probes,
    utility: utilityOf(probes, cells),
    bytes: 2 * requestedCells * cellBytes,
    codebookBytes: codebookBytesOf(size, cells),
    cpuMs: (requestedCells * items * itemBytes) / 2 / XOR_BYTES_PER_MS,
    epsilonPerMonth: 0,
    note: "Assumes that the two servers do not collude.",
  };
}

function shardChoice(size: Sizes, cells: number): PrivacyChoice | undefined {
  const cellBytes = cellBytesOf(size, cells);
  const count = Math.min(cells, Math.floor(size.bytes / cellBytes));
  if (count < 1) return undefined;
  return {
    kind: "shard",
    cells,
    probes: count,
    utility: interpolate(RANDOM_CELLS, count / cells),
    bytes: count * cellBytes,
    codebookBytes: codebookBytesOf(size, cells),
    cpuMs: 0,
    epsilonPerMonth: 0,
    note: "Nothing about the user leaves.",
  };
}

function staticChoice(
  size: Sizes,
  cells: number,
  epsilon: number,
  epochs: number,
): PrivacyChoice | undefined {
  const { interests, bytes } = size;
  const cellBytes = cellBytesOf(size, cells);
  const width = Math.min(cells - 1, Math.floor(bytes / (interests * cellBytes)));
  if (width < 1) return undefined;
  const odds = (Math.exp(epsilon) * width) / (cells - width);
  const trueCellShare = odds / (1 + odds);
  // All sets are searched together; without the true cell they are a random shard.
  const randomUtility = interpolate(RANDOM_CELLS, Math.min(1, (interests * width) / cells));
  const trueCellUtility = Math.max(randomUtility, utilityOf(1, cells));
  const realisedEpsilon = subsetMechanism({ cells, size: width, epsilon }).epsilon;
  return {
    kind: "static",
    cells,
    probes: width,
    utility: trueCellShare * trueCellUtility + (1 - trueCellShare) * randomUtility,
    bytes: interests * width * cellBytes,
    codebookBytes: codebookBytesOf(size, cells),
    cpuMs: 0,
    epsilonPerMonth: interests * epochs * realisedEpsilon,
    note: "Costs epsilon; an unchanged interest costs nothing more.",
  };
}

/** Utility of the nearest cells; of the measured numbers of probes, the next lower one counts. */
function utilityOf(probes: number, cells: number): number {
  const measured = NEAREST_CELLS.filter((one) => one.probes <= probes).at(-1)!;
  return interpolate(measured.points, probes / cells);
}

/** Linear in the logarithm of the share, continued beyond the first and the last point. */
function interpolate(points: readonly Point[], share: number): number {
  const next = points.findIndex(([known]) => known >= share);
  const end = next < 0 ? points.length - 1 : Math.max(1, next);
  const [x0, y0] = points[end - 1]!;
  const [x1, y1] = points[end]!;
  const part = (Math.log(share) - Math.log(x0)) / (Math.log(x1) - Math.log(x0));
  return Math.min(1, Math.max(0, y0 + part * (y1 - y0)));
}

/**
 * Accounts: the cases of one or several data sets in the row space of their item vectors. An
 * account is one user, or several users as one, as a family that shares a login.
 */
import { openRandom } from "../random.js";
import type { ActionLog } from "./action-log.js";
import type { ItemVectors } from "./item-vectors.js";
import type { Split, SplitCase } from "./split.js";

/** Most actions of a history, the newest. */
export const MAX_HISTORY = 200;
/** Days over which the ages of a history without times are spread, by rank. */
const RANK_SPAN_DAYS = 90;
const MS_PER_DAY = 86_400_000;

/** A data set: its actions, their split, and its vectors. */
export interface DataSet {
  readonly log: ActionLog;
  readonly split: Split;
  /** The cases to evaluate; all of the split, or those of a sample of its users. */
  readonly cases: readonly SplitCase[];
  readonly vectors: ItemVectors;
  /** Whether times are of one clock; else they only order the actions of a user. */
  readonly hasClock: boolean;
}

/** One question: a history of catalogue rows, and the rows that followed. */
export interface EvalCase {
  /** Names the account: cases of one account are one unit of the statistics. */
  readonly account: number;
  /** Rows of the newest actions, oldest first, and their ages in days before the newest. */
  readonly history: Int32Array;
  readonly ages: Float64Array;
  /** Rows that are never recommended: all of the history. */
  readonly seen: Int32Array;
  readonly test: Int32Array;
  /** Time of the first test action in ms; Infinity without a clock. */
  readonly cut: number;
  /** Days from the newest action of the history to the cut; 0 without a clock. */
  readonly idleDays: number;
}

/** All that methods may know. */
export interface EvalData {
  readonly vectors: ItemVectors;
  /** Data set of each row. */
  readonly setOf: Uint8Array;
  /** By ascending cut. */
  readonly cases: readonly EvalCase[];
  readonly accounts: number;
  /** Train actions by row; `at` is -Infinity where there is no clock. */
  readonly train: { row: Int32Array; user: Int32Array; at: Float64Array; users: number };
  readonly hasClock: boolean;
  /** Train and test actions on items without a vector, which are left out. */
  readonly unknownTrain: number;
  readonly unknownTest: number;
  /** Cases of which no history or no test item has a vector. */
  readonly lostCases: number;
}

/** A case in the rows of the joined vectors, before its history is cut. */
interface RowCase {
  readonly account: string;
  readonly history: Int32Array;
  readonly times: Float64Array;
  readonly test: Int32Array;
  readonly cut: number;
}

/** Puts data sets side by side; with `mergeUsers` above 1, users are merged to accounts. */
export function joinDataSets(
  sets: readonly DataSet[],
  { mergeUsers, accounts, seed }: { mergeUsers: number; accounts: number; seed: number },
): EvalData {
  const vectors = sets.length === 1 ? sets[0]!.vectors : blockOrthogonal(sets);
  const hasClock = sets.every((set) => set.hasClock);
  const setOf = Uint8Array.from(sets.flatMap(({ vectors }, set) => vectors.ids.map(() => set)));
  let [unknownTrain, unknownTest, lostCases, rowOffset, userOffset] = [0, 0, 0, 0, 0];
  const casesBySet: RowCase[][] = [];
  const [trainRow, trainUser, trainAt] = [[] as number[], [] as number[], [] as number[]];
  for (const [index, set] of sets.entries()) {
    const rowOf = rowsOfItems(set, rowOffset);
    const { train } = set.split;
    for (let action = 0; action < train.item.length; action += 1) {
      const row = rowOf[train.item[action]!]!;
      if (row < 0) {
        unknownTrain += 1;
        continue;
      }
      trainRow.push(row);
      trainUser.push(userOffset + train.user[action]!);
      trainAt.push(set.hasClock ? train.at[action]! : -Infinity);
    }
    const cases: RowCase[] = [];
    for (const { user, history, times, test, cut } of set.cases) {
      const known = (items: Int32Array) => items.filter((item) => rowOf[item]! >= 0);
      const rows = known(history).map((item) => rowOf[item]!);
      const testRows = known(test).map((item) => rowOf[item]!);
      unknownTest += test.length - testRows.length;
      if (rows.length === 0 || testRows.length === 0) lostCases += 1;
      else
        cases.push({
          account: `${index} ${user}`,
          history: rows,
          times: times.filter((_, position) => rowOf[history[position]!]! >= 0),
          test: testRows,
          cut: set.hasClock ? cut : Infinity,
        });
    }
    casesBySet.push(cases);
    rowOffset += set.vectors.ids.length;
    userOffset += set.log.users.length;
  }
  const rowCases =
    mergeUsers > 1
      ? mergeCases(casesBySet, { mergeUsers, accounts, seed, hasClock })
      : casesBySet.flat();
  const accountIndex = new Map<string, number>();
  const cases = rowCases.map((rowCase) => {
    const account = accountIndex.get(rowCase.account) ?? accountIndex.size;
    accountIndex.set(rowCase.account, account);
    return toEvalCase(rowCase, account, hasClock);
  });
  cases.sort((a, b) => (a.cut === b.cut ? a.account - b.account : a.cut - b.cut));
  return {
    ...{ vectors, setOf, cases, accounts: accountIndex.size, hasClock },
    train: {
      row: Int32Array.from(trainRow),
      user: Int32Array.from(trainUser),
      at: Float64Array.from(trainAt),
      users: userOffset,
    },
    ...{ unknownTrain, unknownTest, lostCases },
  };
}

function toEvalCase(
  { history, times, test, cut }: RowCase,
  account: number,
  hasClock: boolean,
): EvalCase {
  const begin = Math.max(0, history.length - MAX_HISTORY);
  const newest = history.length - 1;
  const ages = Float64Array.from(history.subarray(begin), (_, index) => {
    const position = begin + index;
    if (hasClock) return (times[newest]! - times[position]!) / MS_PER_DAY;
    const length = history.length - begin;
    return length > 1 ? (RANK_SPAN_DAYS * (newest - position)) / (length - 1) : 0;
  });
  const seen = Int32Array.from(new Set(history));
  const idleDays = hasClock ? (cut - times[newest]!) / MS_PER_DAY : 0;
  return { account, history: history.slice(begin), ages, seen, test, cut, idleDays };
}

/** The row of each item of the log; -1 without a vector. */
function rowsOfItems({ log, vectors }: DataSet, offset: number): Int32Array {
  const rowOfId = new Map(vectors.ids.map((id, row) => [id, row + offset]));
  return Int32Array.from(log.items, (item) => rowOfId.get(item) ?? -1);
}

/** One matrix in which the items of different sets are orthogonal; ids get the set's number. */
function blockOrthogonal(sets: readonly DataSet[]): ItemVectors {
  const dim = sets.reduce((sum, { vectors }) => sum + vectors.dim, 0);
  const ids = sets.flatMap(({ vectors }, set) => vectors.ids.map((id) => `${set + 1}:${id}`));
  const values = new Float32Array(ids.length * dim);
  let [row, firstAxis] = [0, 0];
  for (const { vectors } of sets) {
    for (let start = 0; start < vectors.values.length; start += vectors.dim, row += 1)
      values.set(vectors.values.subarray(start, start + vectors.dim), row * dim + firstAxis);
    firstAxis += vectors.dim;
  }
  return { ids, values, dim };
}

/**
 * Accounts of `mergeUsers` users each, whose actions are interleaved by time; without a common
 * clock by the share of the history that has passed. Member j of account a is of set (a + j) modulo
 * the number of sets. Each user is in one account.
 */
function mergeCases(
  casesBySet: readonly RowCase[][],
  options: { mergeUsers: number; accounts: number; seed: number; hasClock: boolean },
): RowCase[] {
  const { mergeUsers, accounts, seed, hasClock } = options;
  const random = openRandom(seed);
  const queues = casesBySet.map((cases) => {
    const shuffled = [...cases];
    for (let index = shuffled.length - 1; index > 0; index -= 1) {
      const other = random.below(index + 1);
      [shuffled[index], shuffled[other]] = [shuffled[other]!, shuffled[index]!];
    }
    return shuffled;
  });
  const merged: RowCase[] = [];
  while (merged.length < accounts) {
    const members = Array.from({ length: mergeUsers }, (_, member) =>
      queues[(merged.length + member) % queues.length]!.pop(),
    );
    if (members.includes(undefined)) break;
    merged.push(mergeMembers(`${merged.length}`, members as RowCase[], hasClock));
  }
  return merged;
}

function mergeMembers(account: string, members: readonly RowCase[], hasClock: boolean): RowCase {
  const actions = members.flatMap(({ history, times }) =>
    Array.from(history, (row, index) => ({
      row,
      time: hasClock ? times[index]! : (index + 1) / history.length,
    })),
  );
  actions.sort((a, b) => a.time - b.time);
  const history = Int32Array.from(actions, ({ row }) => row);
  const seen = new Set(history);
  const test = new Set(members.flatMap((member) => Array.from(member.test)));
  return {
    account,
    history,
    times: Float64Array.from(actions, ({ time }) => time),
    test: Int32Array.from([...test].filter((row) => !seen.has(row))),
    cut: Math.min(...members.map(({ cut }) => cut)),
  };
}

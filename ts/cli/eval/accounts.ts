/**
 * Accounts: the cases of one or several data sets in the row space of their item vectors. An
 * account is one user, or several users as one, as a family that shares a login.
 */

import { MS_PER_DAY } from "../../values/time.js";
import { InputError } from "../command-error.js";
import { openRandom } from "../random.js";
import type { ActionLog } from "./action-log.js";
import type { ItemVectors } from "./item-vectors.js";
import type { Split } from "./split.js";
import { type Topics, topicsOfNames } from "./topics.js";
import { JoinedTrain, type TrainActions } from "./train-actions.js";

/** Maximum number of actions of a history: the newest ones are kept. */
const MAX_HISTORY = 200;
/** Days over which the ages of a history without times are spread, by rank. */
const RANK_SPAN_DAYS = 90;

/** A data set: its actions, their split, and its vectors. */
export interface DataSet {
  readonly log: ActionLog;
  readonly split: Split;
  readonly vectors: ItemVectors;
  /** Names by item; undefined if no file has them. */
  readonly categories: ReadonlyMap<string, readonly string[]> | undefined;
  /** Whether times are of one clock; else they only order the actions of a user. */
  readonly hasClock: boolean;
}

/** One case: a history of catalogue rows, and the rows that followed it. */
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

/** The data that methods may use. */
export interface EvalData {
  readonly vectors: ItemVectors;
  /** Data set of each row. */
  readonly setOf: Uint8Array;
  /** The categories of rows; undefined if no data set has them. */
  readonly categories: Topics | undefined;
  /** By ascending cut. */
  readonly cases: readonly EvalCase[];
  readonly accounts: number;
  readonly train: TrainActions;
  readonly hasClock: boolean;
  /** Train and test actions on items without a vector, which are left out. */
  readonly unknownTrain: number;
  readonly unknownTest: number;
  /** Cases that are left out, as no history item or no test item has a vector. */
  readonly lostCases: number;
}

/** A case with its items as rows of the joined vectors, before its history is limited. */
type RowCase = Omit<EvalCase, "account" | "seen"> & { readonly account: string };

/** Joins data sets, and frees their logs. With `mergeUsers` above 1, users are merged. */
export function joinDataSets(
  sets: readonly DataSet[],
  { mergeUsers, accounts, seed }: { mergeUsers: number; accounts: number; seed: number },
): EvalData {
  const vectors = sets.length === 1 ? sets[0]!.vectors : blockOrthogonal(sets);
  const hasClock = sets.every((set) => set.hasClock);
  const setOf = Uint8Array.from(sets.flatMap(({ vectors }, set) => vectors.ids.map(() => set)));
  let unknownTest = 0;
  let lostCases = 0;
  let rowOffset = 0;
  const casesBySet: RowCase[][] = [];
  const train = new JoinedTrain(sets);
  for (const [index, set] of sets.entries()) {
    const rowOf = rowsOfItems(set, rowOffset);
    const cases: RowCase[] = [];
    for (const { user, history, times, test, cut } of set.split.cases) {
      const withVectors = (items: Int32Array) => items.filter((item) => rowOf[item]! >= 0);
      const rows = withVectors(history).map((item) => rowOf[item]!);
      const testRows = withVectors(test).map((item) => rowOf[item]!);
      unknownTest += test.length - testRows.length;
      if (rows.length === 0 || testRows.length === 0) lostCases += 1;
      else {
        const knownTimes = times.filter((_, position) => rowOf[history[position]!]! >= 0);
        cases.push({
          account: `${index} ${user}`,
          history: rows,
          test: testRows,
          ages: set.hasClock ? agesOf(knownTimes) : agesByRank(rows.length),
          cut: set.hasClock ? cut : Infinity,
          idleDays: set.hasClock ? (cut - knownTimes.at(-1)!) / MS_PER_DAY : 0,
        });
      }
    }
    casesBySet.push(cases);
    // The last use of the log, whose columns this frees; histories above are copies.
    train.add(set, rowOf);
    rowOffset += set.vectors.ids.length;
  }
  const rowCases =
    mergeUsers > 1 ? mergeCases(casesBySet, { mergeUsers, accounts, seed }) : casesBySet.flat();
  if (rowCases.length === 0)
    throw new InputError(
      "no user can be tested: users need --min-actions actions, a history and a later item, both " +
        `with vectors. ${lostCases} cases have none. ` +
        "Lower --min-actions, or check the ids of the vectors.",
    );
  const accountIndex = new Map<string, number>();
  const cases = rowCases.map((rowCase) => {
    const account = accountIndex.get(rowCase.account) ?? accountIndex.size;
    accountIndex.set(rowCase.account, account);
    return toEvalCase(rowCase, account);
  });
  cases.sort((a, b) => (a.cut === b.cut ? a.account - b.account : a.cut - b.cut));
  return {
    vectors,
    setOf,
    cases,
    accounts: accountIndex.size,
    hasClock,
    categories: joinCategories(sets),
    train: train.finish(),
    unknownTrain: train.unknown,
    unknownTest,
    lostCases,
  };
}

/** The case with at most the {@link MAX_HISTORY} newest actions of its history. */
function toEvalCase({ history, ages, ...rest }: RowCase, account: number): EvalCase {
  return {
    ...rest,
    account,
    history: history.slice(-MAX_HISTORY),
    ages: ages.slice(-MAX_HISTORY),
    seen: Int32Array.from(new Set(history)),
  };
}

/** Ages in days before the last of the times. */
function agesOf(times: Float64Array): Float64Array {
  const newest = times.at(-1)!;
  return times.map((time) => (newest - time) / MS_PER_DAY);
}

/** Ages of `length` actions without times: the newest 200 are spread evenly over 90 days. */
function agesByRank(length: number): Float64Array {
  const step = RANK_SPAN_DAYS / Math.max(1, Math.min(length, MAX_HISTORY) - 1);
  return Float64Array.from({ length }, (_, position) => (length - 1 - position) * step);
}

/** The row of each item of the log; -1 without a vector. */
function rowsOfItems({ log, vectors }: DataSet, offset: number): Int32Array {
  const rowOfId = new Map(vectors.ids.map((id, row) => [id, row + offset]));
  return Int32Array.from(log.items, (item) => rowOfId.get(item) ?? -1);
}

/** The categories of all sets. Equal names of different sets are different categories. */
function joinCategories(sets: readonly DataSet[]): Topics | undefined {
  if (sets.every(({ categories }) => categories === undefined)) return undefined;
  return topicsOfNames(
    sets.flatMap(({ categories, vectors }, set) =>
      vectors.ids.map((id) => categories?.get(id)?.map((name) => `${set} ${name}`)),
    ),
  );
}

/** One matrix in which the items of different sets are orthogonal; ids get the set's number. */
function blockOrthogonal(sets: readonly DataSet[]): ItemVectors {
  const dim = sets.reduce((sum, { vectors }) => sum + vectors.dim, 0);
  const ids = sets.flatMap(({ vectors }, set) => vectors.ids.map((id) => `${set + 1}:${id}`));
  const values = new Float32Array(ids.length * dim);
  let row = 0;
  let firstAxis = 0;
  for (const { vectors } of sets) {
    for (let start = 0; start < vectors.values.length; start += vectors.dim, row += 1)
      values.set(vectors.values.subarray(start, start + vectors.dim), row * dim + firstAxis);
    firstAxis += vectors.dim;
  }
  return { ids, values, dim };
}

/**
 * Accounts of `mergeUsers` users each. Actions are interleaved by age, counted from the newest
 * action of their user: all members are active at the end of the history. Member j of account a is
 * of set (a + j) modulo the number of sets. Each user is in one account.
 */
function mergeCases(
  casesBySet: readonly RowCase[][],
  { mergeUsers, accounts, seed }: { mergeUsers: number; accounts: number; seed: number },
): RowCase[] {
  const random = openRandom(seed);
  const queues = casesBySet.map((cases) => {
    const shuffled = [...cases];
    for (let index = shuffled.length - 1; index > 0; index -= 1) {
      const otherIndex = random.below(index + 1);
      [shuffled[index], shuffled[otherIndex]] = [shuffled[otherIndex]!, shuffled[index]!];
    }
    return shuffled;
  });
  const mergedCases: RowCase[] = [];
  while (mergedCases.length < accounts) {
    const members = Array.from({ length: mergeUsers }, (_, member) =>
      queues[(mergedCases.length + member) % queues.length]!.pop(),
    );
    if (members.includes(undefined)) break;
    mergedCases.push(mergeMembers(`${mergedCases.length}`, members as RowCase[]));
  }
  return mergedCases;
}

function mergeMembers(account: string, members: readonly RowCase[]): RowCase {
  const actions = members.flatMap(({ history, ages }) =>
    Array.from(history, (row, index) => ({ row, age: ages[index]! })),
  );
  actions.sort((a, b) => b.age - a.age);
  const history = Int32Array.from(actions, ({ row }) => row);
  const historyRows = new Set(history);
  const test = new Set(members.flatMap((member) => Array.from(member.test)));
  return {
    account,
    history,
    ages: Float64Array.from(actions, ({ age }) => age),
    test: Int32Array.from([...test].filter((row) => !historyRows.has(row))),
    cut: Math.min(...members.map(({ cut }) => cut)),
    idleDays: Math.min(...members.map(({ idleDays }) => idleDays)),
  };
}

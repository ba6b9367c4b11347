/**
 * Protocols: which actions are history and which are test. Items are those of the log; nothing
 * that happens after the cut of a case is part of its history.
 */
import { UsageError } from "../command-error.js";
import { openRandom } from "../random.js";
import { type ActionLog, PARTS } from "./action-log.js";

export const PROTOCOLS = ["leave-newest-out", "walk-forward"] as const;
type Protocol = (typeof PROTOCOLS)[number];

/** One case of the evaluation: a history, and the items that followed it. */
export interface SplitCase {
  /** Index into the users of the log. */
  readonly user: number;
  /** Train items, oldest first, and their times. */
  readonly history: Int32Array;
  readonly times: Float64Array;
  /** Distinct items that followed and are not in the history, in order. */
  readonly test: Int32Array;
  /** Time of the first test action; methods use no action of this time or later. */
  readonly cut: number;
}

/** The actions that methods may be trained with, in columns. */
export interface TrainActions {
  readonly user: Int32Array;
  readonly item: Int32Array;
  readonly at: Float64Array;
}

export interface Split {
  readonly cases: readonly SplitCase[];
  readonly train: TrainActions;
  /** Users with fewer actions than `minActions`; their actions are train. */
  readonly shortUsers: number;
  /** Test actions on items that the history already has: never recommended, so left out. */
  readonly repeatedTests: number;
}

export interface SplitOptions {
  readonly protocol: Protocol;
  /** Users with fewer actions have no case. */
  readonly minActions: number;
  /** Days that walk-forward tests: the last of the log. */
  readonly days: number;
}

/** Share of the actions, the last ones, that are a user's future, and their minimum number. */
const FUTURE_SHARE = 0.2;
const MIN_FUTURE_ACTIONS = 5;
/** Maximum number of test actions of a case: the first ones of its future. */
const MAX_TEST_ACTIONS = 20;
const MS_PER_DAY = 86_400_000;

/**
 * Splits a log by a protocol. With leave-newest-out, the parts of a log that is already split are
 * kept.
 */
export function splitLog(log: ActionLog, options: SplitOptions): Split {
  if (options.protocol === "walk-forward") return walkForward(log, options);
  const { offsets, part } = log;
  const [cases, isTrain] = [[] as SplitCase[], new Uint8Array(log.item.length)];
  let [shortUsers, repeatedTests] = [0, 0];
  for (let user = 0; user + 1 < offsets.length; user += 1) {
    const [begin, end] = [offsets[user]!, offsets[user + 1]!];
    const count = end - begin;
    const future = Math.max(MIN_FUTURE_ACTIONS, Math.floor(FUTURE_SHARE * count));
    const isShort = count < options.minActions;
    if (isShort) shortUsers += 1;
    const partOf = (row: number): string => {
      if (part) return PARTS[part[row]!]!;
      if (isShort || row < end - future) return "train";
      return row < end - future + MAX_TEST_ACTIONS ? "test" : "later";
    };
    const rows = Array.from({ length: count }, (_, index) => begin + index);
    const train = rows.filter((row) => partOf(row) === "train");
    for (const row of train) isTrain[row] = 1;
    if (isShort) continue;
    const test = rows.filter((row) => partOf(row) === "test");
    const [newCase, repeated] = makeCase(log, user, train, test);
    repeatedTests += repeated;
    if (newCase) cases.push(newCase);
  }
  return { cases, train: selectTrain(log, isTrain), shortUsers, repeatedTests };
}

/**
 * Each of the last days once: the history ends with the day before, the actions of the day are the
 * test. A user has a case on each day with new items.
 */
function walkForward(log: ActionLog, { minActions, days }: SplitOptions): Split {
  if (!log.hasTimes)
    throw new UsageError("--protocol walk-forward: the file has no times. Use leave-newest-out.");
  const { offsets, at } = log;
  const lastDay = Math.floor(
    at.reduce((latest, time) => Math.max(latest, time), -Infinity) / MS_PER_DAY,
  );
  const firstTestTime = (lastDay - days + 1) * MS_PER_DAY;
  const cases: SplitCase[] = [];
  let [shortUsers, repeatedTests] = [0, 0];
  for (let user = 0; user + 1 < offsets.length; user += 1) {
    const rows = Array.from(
      at.subarray(offsets[user], offsets[user + 1]),
      (_, i) => offsets[user]! + i,
    );
    if (rows.length < minActions) shortUsers += 1;
    let begin = rows.findIndex((row) => at[row]! >= firstTestTime);
    while (begin >= 0 && begin < rows.length) {
      const dayStart = Math.floor(at[rows[begin]!]! / MS_PER_DAY) * MS_PER_DAY;
      let end = begin;
      while (end < rows.length && at[rows[end]!]! < dayStart + MS_PER_DAY) end += 1;
      if (begin >= minActions) {
        const test = rows.slice(begin, end);
        const [newCase, repeated] = makeCase(log, user, rows.slice(0, begin), test, dayStart);
        repeatedTests += repeated;
        if (newCase) cases.push(newCase);
      }
      begin = end;
    }
  }
  const isTrain = Uint8Array.from(at, (time) => (time < firstTestTime ? 1 : 0));
  return { cases, train: selectTrain(log, isTrain), shortUsers, repeatedTests };
}

/** The case of a user, none without history or test, and the number of repeated test actions. */
function makeCase(
  log: ActionLog,
  user: number,
  train: readonly number[],
  test: readonly number[],
  cut = log.at[test[0] ?? 0]!,
): [SplitCase | undefined, number] {
  const history = Int32Array.from(train, (row) => log.item[row]!);
  const historyItems = new Set(history);
  const testItems = test.map((row) => log.item[row]!).filter((item) => !historyItems.has(item));
  const repeatedCount = test.length - testItems.length;
  if (history.length === 0 || testItems.length === 0) return [undefined, repeatedCount];
  const times = Float64Array.from(train, (row) => log.at[row]!);
  return [{ user, history, times, test: Int32Array.from(new Set(testItems)), cut }, repeatedCount];
}

function selectTrain(log: ActionLog, isTrain: Uint8Array): TrainActions {
  const count = isTrain.reduce((sum, flag) => sum + flag, 0);
  const train = {
    user: new Int32Array(count),
    item: new Int32Array(count),
    at: new Float64Array(count),
  };
  let next = 0;
  for (let user = 0; user + 1 < log.offsets.length; user += 1)
    for (let row = log.offsets[user]!; row < log.offsets[user + 1]!; row += 1) {
      if (!isTrain[row]) continue;
      train.user[next] = user;
      train.item[next] = log.item[row]!;
      train.at[next++] = log.at[row]!;
    }
  return train;
}

/** `count` of the users that have cases, with all of their cases; the same for a seed. */
export function sampleUsers(
  cases: readonly SplitCase[],
  count: number,
  seed: number,
): readonly SplitCase[] {
  const users = [...new Set(cases.map(({ user }) => user))];
  if (users.length <= count) return cases;
  const random = openRandom(seed);
  for (let index = 0; index < count; index += 1) {
    const other = index + random.below(users.length - index);
    [users[index], users[other]] = [users[other]!, users[index]!];
  }
  const sampled = new Set(users.slice(0, count));
  return cases.filter(({ user }) => sampled.has(user));
}

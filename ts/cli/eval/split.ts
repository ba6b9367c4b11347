/**
 * Protocols: which actions are history and which are test. Items are those of the log; nothing
 * that happens after the cut of a case is part of its history.
 */

import { MS_PER_DAY } from "../../values/time.js";
import { UsageError } from "../command-error.js";
import { drawSample } from "../random.js";
import { type ActionLog, PARTS, type Part } from "./action-log.js";
import { allocateColumn } from "./columns.js";

export const PROTOCOLS = ["leave-newest-out", "walk-forward"] as const;
type Protocol = (typeof PROTOCOLS)[number];

/** One case of the evaluation: a history, and the items that followed it. */
interface SplitCase {
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

export interface Split {
  /** The cases of all users, or of a sample of them. */
  readonly cases: readonly SplitCase[];
  /** By action of the log: 1 if methods may be trained with it. */
  readonly isTrain: Uint8Array;
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
  /** Number of users to sample of those that have cases; Infinity takes all. */
  readonly users: number;
  /** Determines the sample. */
  readonly seed: number;
}

/** The result of a protocol: the train actions, and the cases of a user. */
interface ProtocolSplit {
  readonly isTrain: Uint8Array;
  casesOf(user: number): UserCases;
}

interface UserCases {
  readonly cases: readonly SplitCase[];
  readonly repeatedTests: number;
}

const NO_CASES: UserCases = { cases: [], repeatedTests: 0 };

/** Share of the actions, the last ones, that are a user's future, and their minimum number. */
const FUTURE_SHARE = 0.2;
const MIN_FUTURE_ACTIONS = 5;
/** Maximum number of test actions of a case: the first ones of its future. */
const MAX_TEST_ACTIONS = 20;
const TRAIN = PARTS.indexOf("train");

/**
 * Splits a log by a protocol. With leave-newest-out, the parts of a log that is already split are
 * kept. A history is a view of the log where it can be, and only sampled users have cases, so a log
 * of any length takes one byte an action more.
 */
export function splitLog(log: ActionLog, options: SplitOptions): Split {
  const { minActions, users, seed } = options;
  const { isTrain, casesOf } =
    options.protocol === "walk-forward"
      ? walkForward(log, options)
      : leaveNewestOut(log, minActions);
  const testedUsers: number[] = [];
  let shortUsers = 0;
  let repeatedTests = 0;
  for (let user = 0; user + 1 < log.offsets.length; user += 1) {
    if (log.offsets[user + 1]! - log.offsets[user]! < minActions) shortUsers += 1;
    const userCases = casesOf(user);
    if (userCases.cases.length > 0) testedUsers.push(user);
    repeatedTests += userCases.repeatedTests;
  }
  const cases = sample(testedUsers, users, seed).flatMap((user) => casesOf(user).cases);
  return { cases, isTrain, shortUsers, repeatedTests };
}

function leaveNewestOut({ offsets, at, item, part }: ActionLog, minActions: number): ProtocolSplit {
  const isTrain = allocateColumn(Uint8Array, item.length);
  const futureStart = (user: number): number => {
    const begin = offsets[user]!;
    const end = offsets[user + 1]!;
    const future = Math.max(MIN_FUTURE_ACTIONS, Math.floor(FUTURE_SHARE * (end - begin)));
    return end - begin < minActions ? end : Math.max(begin, end - future);
  };
  if (part)
    for (let row = 0; row < part.length; row += 1) isTrain[row] = part[row] === TRAIN ? 1 : 0;
  else
    for (let user = 0; user + 1 < offsets.length; user += 1)
      isTrain.fill(1, offsets[user]!, futureStart(user));
  return {
    isTrain,
    casesOf(user) {
      const begin = offsets[user]!;
      const end = offsets[user + 1]!;
      if (end - begin < minActions) return NO_CASES;
      if (!part) {
        const start = futureStart(user);
        return makeCase({
          user,
          history: item.subarray(begin, start),
          times: at.subarray(begin, start),
          future: item.subarray(start, Math.min(end, start + MAX_TEST_ACTIONS)),
          cut: at[start]!,
        });
      }
      const isIn = (name: Part) => (_: number, index: number) =>
        PARTS[part[begin + index]!] === name;
      const items = item.subarray(begin, end);
      const times = at.subarray(begin, end);
      return makeCase({
        user,
        history: items.filter(isIn("train")),
        times: times.filter(isIn("train")),
        future: items.filter(isIn("test")),
        cut: times.find(isIn("test")) ?? 0,
      });
    },
  };
}

/**
 * Each of the last days once: the history ends with the day before, the actions of the day are the
 * test. A user has a case on each day with new items.
 */
function walkForward(log: ActionLog, { minActions, days }: SplitOptions): ProtocolSplit {
  if (!log.hasTimes)
    throw new UsageError("--protocol walk-forward: the file has no times. Use leave-newest-out.");
  const { offsets, at, item } = log;
  const lastDay = Math.floor(
    at.reduce((latest, time) => Math.max(latest, time), -Infinity) / MS_PER_DAY,
  );
  const firstTestTime = (lastDay - days + 1) * MS_PER_DAY;
  const isTrain = allocateColumn(Uint8Array, at.length);
  for (let row = 0; row < at.length; row += 1) isTrain[row] = at[row]! < firstTestTime ? 1 : 0;
  return {
    isTrain,
    casesOf(user) {
      const first = offsets[user]!;
      const last = offsets[user + 1]!;
      const cases: SplitCase[] = [];
      let repeatedTests = 0;
      let begin = first;
      while (begin < last && at[begin]! < firstTestTime) begin += 1;
      while (begin < last) {
        const dayStart = Math.floor(at[begin]! / MS_PER_DAY) * MS_PER_DAY;
        let end = begin;
        while (end < last && at[end]! < dayStart + MS_PER_DAY) end += 1;
        if (begin - first >= minActions) {
          const dayCases = makeCase({
            user,
            history: item.subarray(first, begin),
            times: at.subarray(first, begin),
            future: item.subarray(begin, end),
            cut: dayStart,
          });
          cases.push(...dayCases.cases);
          repeatedTests += dayCases.repeatedTests;
        }
        begin = end;
      }
      return { cases, repeatedTests };
    },
  };
}

/** The case of a history and the actions that followed; none without a history or a test item. */
function makeCase({
  future,
  ...rest
}: Omit<SplitCase, "test"> & { readonly future: Int32Array }): UserCases {
  const historyItems = new Set(rest.history);
  const testItems = future.filter((item) => !historyItems.has(item));
  const repeatedTests = future.length - testItems.length;
  if (rest.history.length === 0 || testItems.length === 0) return { cases: [], repeatedTests };
  return { cases: [{ ...rest, test: Int32Array.from(new Set(testItems)) }], repeatedTests };
}

/** A random sample of `count` users, in their order; equal seeds give equal samples. */
function sample(users: readonly number[], count: number, seed: number): readonly number[] {
  if (users.length <= count) return users;
  const sampled = new Set(drawSample(users, count, seed));
  return users.filter((user) => sampled.has(user));
}

/** Records actions, maintains the profile and its store, and recommends items. */

import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import {
  checkAbort,
  checkInteger,
  checkItemId,
  checkItemIds,
  checkKeys,
  checkPositive,
  checkRange,
  inspect,
} from "../values/check.js";
import { LIMITS } from "../values/limits.js";
import { MS_PER_DAY } from "../values/time.js";
import { addMissingVectors, checkActions } from "./actions.js";
import { explain, projectItems } from "./explain.js";
import { openJournal } from "./journal.js";
import { saltedHash } from "./log.js";
import { decodeLog, encodeLog } from "./log-format.js";
import { dislikedItems, type Entry, type Operation, randomHex, type Target } from "./operation.js";
import type { Settings } from "./options.js";
import { describeOutbound } from "./outbound.js";
import { describeParameters } from "./parameters.js";
import { planRecommendation } from "./plan.js";
import { copyProfile, type ProfileState } from "./profile.js";
import { rankItems, scoreItems } from "./rank.js";
import { runPlan } from "./recommend.js";
import { addShowings } from "./shown.js";
import { openProfileSource } from "./state.js";
import { checkTime } from "./time.js";
import type { Action, RecordedAction, Sage, ScoredItem } from "./types.js";

const DEFAULT_PAGE_ACTIONS = 100;
const SALT_BYTES = 16;
const DEFAULT_TTL_DAYS = 7;
/** Estimated memory in bytes: of an action without its vector, and of one vector component. */
const BYTES_PER_ACTION = 500;
const BYTES_PER_COMPONENT = 8;

/** A sage that is loaded in memory; open.ts releases and reloads it. */
export interface Resident {
  readonly methods: Omit<Sage, typeof Symbol.asyncDispose | "subscribe">;
  /** Estimated memory of the sage, in bytes. */
  bytes(): number;
  /** Whether the store has all changes. */
  isSaved(): boolean;
  /** Frees the wasm memory and the watchers. The store must have all changes. */
  release(): void;
}

/** Restore the log from the store. Rejects as `openSage`. */
export async function openResident(settings: Settings): Promise<Resident> {
  const { dim, store, now, catalogue, retriever } = settings;
  const limits = () => {
    const time = now();
    return { count: settings.maxActions, since: time - settings.maxAge, now: time };
  };
  const journal = await openJournal(store, { ...settings, limits });
  const profiles = openProfileSource(settings);
  let isClosed = false;
  const currentState = (): ProfileState => profiles.current(journal.log());
  const planFor = (given: Parameters<Sage["recommend"]>[0] = {}) => {
    return planRecommendation(currentState(), given, journal.log(), settings);
  };
  const checkOpen = (): void => {
    if (isClosed)
      throw new SageError("closed", "This sage was closed: open it again with openSage.");
  };
  /** Reads the store, so that actions deleted by another sage do not leave the device. */
  const refresh = async (): Promise<void> => {
    checkOpen();
    await journal.refresh();
    checkOpen();
  };
  const tombstone = (target: Target): Operation => ({ ...newStamp(), time: now(), ...target });
  const targetOf = (item: ItemId, options: { unhide?: true; undislike?: true } = {}): Target => {
    const salt = journal.log().salt() ?? randomHex(SALT_BYTES);
    return { salt, hash: saltedHash(salt, item), ...options };
  };

  const { vectors } = settings;
  const lookUp =
    vectors &&
    (async (items: readonly ItemId[]) => {
      await refresh();
      return vectors(items);
    });
  const withVectors = async (given: readonly ScoredItem[]): Promise<readonly ScoredItem[]> => {
    checkOpen();
    if (!lookUp || !Array.isArray(given)) return given;
    const items = given.map((entry: ScoredItem) =>
      typeof entry === "string" ? { item: entry } : entry,
    );
    const actionsWithVectors = await addMissingVectors(items, lookUp, settings);
    checkOpen();
    return actionsWithVectors;
  };

  const recordActions = async (given: Action | readonly Action[], where?: string) => {
    checkOpen();
    const at = now();
    const actions = lookUp ? await addMissingVectors(given, lookUp, settings) : given;
    checkOpen();
    const entries = checkActions(actions, { dim, catalogue, now: at }, where).map(
      (fields): Entry => ({ ...fields, ...newStamp() }),
    );
    if (entries.length === 0) return { recorded: 0, dropped: 0 };
    const { stored } = journal.change(entries);
    const recorded = entries.filter((entry) => journal.log().has(entry)).length;
    await stored;
    return { recorded, dropped: entries.length - recorded };
  };
  const boost = async (where: string, given: ItemId | { medoid: ItemId }, factor: number) => {
    checkOpen();
    const anchor = typeof given === "object" && given !== null ? given.medoid : given;
    const item = checkItemId(where, anchor);
    checkRange(`${where}: factor`, factor, 0, LIMITS.maxWeight);
    if (!catalogue?.has(item) && !journal.log().entries.some((entry) => entry.item === item)) {
      throw new SageError(
        "unknown-item",
        `${where}: ${inspect(item)} is neither in the history nor in a catalogue: pass a medoid.`,
      );
    }
    await journal.change([{ item, factor, ...newStamp() }]).stored;
  };
  /** Deletes the marks of one kind. `marked` are the items that have one; others are skipped. */
  const deleteMarks = async (
    items: readonly ItemId[],
    marked: readonly ItemId[],
    options: Parameters<typeof targetOf>[1],
  ) => {
    const markedItems = new Set(marked);
    const tombstones = items
      .filter((item) => markedItems.has(item))
      .map((item) => tombstone(targetOf(item, options)));
    await journal.change(tombstones).stored;
  };

  const methods: Resident["methods"] = {
    record: (given) => recordActions(given),

    async profile(options = {}) {
      checkOpen();
      checkKeys("profile", options, ["at"]);
      if (options.at !== undefined)
        return profiles.profileAt(journal.log(), checkTime("profile: at", options.at));
      return copyProfile(currentState().profile);
    },

    async recommend(given = {}) {
      checkOpen();
      checkAbort(given?.signal);
      if (retriever) await refresh();
      return runPlan(planFor(given), currentState(), settings, given.signal);
    },

    async score(given) {
      return scoreItems(await withVectors(given), currentState(), journal.log(), settings);
    },

    async rank(given, options = {}) {
      return rankItems(await withVectors(given), options, currentState(), journal.log(), settings);
    },

    async preview(given = {}) {
      checkOpen();
      checkAbort(given?.signal);
      if (retriever) await refresh();
      const plan = planFor(given);
      const queries = [...plan.queries.map(({ query }) => query), ...plan.negatives];
      return plan.retriever ? describeOutbound(queries, plan.retriever) : [];
    },

    async explain(item) {
      checkOpen();
      return explain(checkItemId("explain", item), currentState(), settings);
    },

    async actions(page = {}) {
      checkOpen();
      checkKeys("actions", page, ["offset", "count"]);
      const { offset = 0, count = DEFAULT_PAGE_ACTIONS } = page;
      const end =
        checkInteger("actions: offset", offset, 0) + checkInteger("actions: count", count);
      const log = journal.log();
      return log
        .newestFirst(now())
        .slice(offset, end)
        .map((entry) => describeEntry(entry, profiles.problemOf(log, entry)));
    },

    async hide(given) {
      checkOpen();
      const hiddenEntries = toItems("hide", given).map((item) => ({ item, ...newStamp() }));
      await journal.change(hiddenEntries).stored;
    },

    async unhide(given) {
      checkOpen();
      await deleteMarks(toItems("unhide", given), journal.log().hidden(), { unhide: true });
    },

    async hidden() {
      checkOpen();
      return journal.log().hidden();
    },

    async dislike(given) {
      const actions = toItems("dislike", given).map((item) => ({ item, weight: -1 }));
      await recordActions(actions, "dislike: item");
    },

    async undislike(given) {
      checkOpen();
      const disliked = dislikedItems(journal.log());
      await deleteMarks(toItems("undislike", given), disliked, { undislike: true });
    },

    mute: (interest) => boost("mute", interest, 0),
    boost: (interest, factor) => boost("boost", interest, factor),

    async shown(given, options = {}) {
      checkOpen();
      checkKeys("shown", options, ["ttlDays"]);
      const { ttlDays = DEFAULT_TTL_DAYS } = options;
      checkPositive("shown: ttlDays", ttlDays);
      addShowings(settings.shown, toItems("shown", given), now(), ttlDays * MS_PER_DAY);
    },

    async parameters() {
      checkOpen();
      return describeParameters(journal.log(), settings.shown.keys());
    },

    async forget(what) {
      checkOpen();
      if (what === "everything") {
        settings.shown.clear();
        return journal.change([tombstone({ all: true })], true).stored;
      }
      if (typeof what === "string") settings.shown.delete(what);
      const target =
        typeof what === "string" ? targetOf(checkItemId("forget", what)) : checkTimes(what);
      return journal.change([tombstone(target)]).stored;
    },

    async export() {
      await refresh();
      return encodeLog(journal.snapshot(), dim);
    },

    async import(bytes) {
      checkOpen();
      await journal.merge(decodeLog(bytes, dim, false, journal.log().space));
    },

    async map() {
      checkOpen();
      return projectItems(currentState());
    },

    async close() {
      if (isClosed) return;
      isClosed = true;
      profiles.close();
      await journal.close();
    },
  };
  return {
    methods,
    // The log and the resolved actions share the vectors; the session has its own copy.
    bytes: () =>
      profiles.bytes() +
      journal.log().entries.length * (BYTES_PER_COMPONENT * dim + BYTES_PER_ACTION),
    isSaved: journal.isSaved,
    release: () => {
      profiles.close();
      journal.release();
    },
  };
}

/** The stamp of an operation that the log has not issued. */
function newStamp(): { counter: number; device: string } {
  return { counter: 0, device: "" };
}

function toItems(where: string, given: ItemId | readonly ItemId[]): ItemId[] {
  return checkItemIds(where, typeof given === "string" ? [given] : given);
}

function checkTimes(what: Exclude<Parameters<Sage["forget"]>[0], string>): Target {
  checkKeys("forget", what, ["from", "to"]);
  if (what.from === undefined && what.to === undefined) {
    throw new SageError(
      "option",
      'forget: expected `from`, `to` or both; forget("everything") deletes all.',
    );
  }
  return {
    from: what.from === undefined ? null : checkTime("forget: from", what.from),
    to: what.to === undefined ? null : checkTime("forget: to", what.to),
  };
}

/** A copy of an entry for the caller. */
function describeEntry(entry: Entry, problem: string | undefined): RecordedAction {
  const { item, at, weight, kind, vector } = entry;
  return {
    item,
    at,
    ...(weight !== undefined && { weight }),
    ...(kind !== undefined && { kind }),
    ...(vector && { vector: vector.slice() }),
    ...(problem !== undefined && { problem }),
  };
}

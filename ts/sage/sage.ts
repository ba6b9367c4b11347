/** Records actions, maintains the profile and its store, and recommends items. */

import { checkAbort, checkFinite, checkItemId, checkKeys } from "../check.js";
import { withCore } from "../core/glue.js";
import { toMatrix, toUnit } from "../core/matrix.js";
import { openSession } from "../core/session.js";
import { SageError } from "../errors.js";
import { addMissingVectors, checkActions } from "./actions.js";
import { openJournal } from "./journal.js";
import { append, type Entry, hide, type Log, merge, withoutItem, withoutRange } from "./log.js";
import { decodeLog, encodeLog } from "./log-format.js";
import type { Settings } from "./options.js";
import { describeOutbound } from "./outbound.js";
import {
  describeProfile,
  newestRowPerItem,
  type ProfileState,
  type ResolvedAction,
} from "./profile.js";
import { nearestActions, planQueries, runPlan } from "./recommend.js";
import type { Explanation, Profile, Sage } from "./types.js";

const NEAREST_PER_EXPLANATION = 5;

/** Bytes of an action in memory, about, without vectors; and bytes of a component of a vector. */
const BYTES_PER_ACTION = 500;
const BYTES_PER_COMPONENT = 8;

/** A sage in memory. See open.ts. */
export interface Resident {
  readonly methods: Omit<Sage, typeof Symbol.asyncDispose>;
  /** Bytes in memory, about. */
  bytes(): number;
  /** Whether the store has all changes. */
  isSaved(): boolean;
  /** Frees what is not freed by the garbage collector. The store must have all changes. */
  release(): void;
}

/** Restore the log from the store. Rejects as `openSage`. */
export async function openResident(settings: Settings): Promise<Resident> {
  const { dim, store, now } = settings;
  const limits = () => ({ count: settings.maxActions, since: now() - settings.maxAge });
  const session = openSession(dim);
  const resolve = actionResolver(settings);
  const journal = await openJournal(store, dim, limits, settings.setAsideUnreadable);
  let closed = false;
  let cached: { log: Log; hash: string | undefined; state: ProfileState } | undefined;

  /** The profile of the current log and catalogue, cached by identity: logs are immutable. */
  const currentState = (): ProfileState => {
    const [log, hash] = [journal.log(), settings.catalogue?.hash];
    if (cached?.log !== log || cached.hash !== hash) {
      const [actions, at] = [resolve(log.entries), now()];
      cached = {
        log,
        hash,
        state: describeProfile(session.profile(actions, at, settings.core), actions, dim, at),
      };
    }
    return cached.state;
  };
  const planFor = (given: Parameters<Sage["recommend"]>[0] = {}) => {
    const { entries, hidden } = journal.log();
    return planQueries(currentState(), given, [...hidden, ...entries.map(({ item }) => item)]);
  };
  const checkOpen = (): void => {
    if (closed) throw new SageError("closed", "This sage was closed: open it again with openSage.");
  };

  const methods: Resident["methods"] = {
    async record(given) {
      checkOpen();
      const at = now();
      const actions = settings.vectors
        ? await addMissingVectors(given, settings.vectors, settings)
        : given;
      checkOpen();
      const entries = checkActions(actions, { dim, catalogue: settings.catalogue, now: at });
      if (entries.length > 0) await journal.change((log) => append(log, entries));
    },

    async profile() {
      checkOpen();
      return copyProfile(currentState().profile);
    },

    async recommend(given = {}) {
      checkOpen();
      checkAbort(given?.signal);
      return runPlan(planFor(given), currentState(), settings, given.signal);
    },

    async preview(given = {}) {
      checkOpen();
      checkAbort(given?.signal);
      const { queries } = planFor(given);
      return settings.retriever ? describeOutbound(queries, settings.retriever) : [];
    },

    async explain(item) {
      checkOpen();
      return explain(checkItemId("explain", item), currentState(), settings);
    },

    async hide(item) {
      checkOpen();
      checkItemId("hide", item);
      await journal.change((log) => hide(log, item));
    },

    async forget(target) {
      checkOpen();
      if (target === "everything") {
        const count = journal.log().entries.length;
        await journal.change("erase");
        return count;
      }
      const deletion = deletionFor(target);
      let deleted = 0;
      await journal.change((log) => {
        const remaining = deletion(log);
        // Counted again if the change is applied to a newer log.
        deleted = log.entries.length - remaining.entries.length;
        return remaining;
      });
      return deleted;
    },

    async export() {
      checkOpen();
      return encodeLog(journal.log(), dim);
    },

    async import(bytes) {
      checkOpen();
      const other = decodeLog(bytes, dim);
      await journal.change((log) => merge(log, other));
    },

    async map() {
      checkOpen();
      return projectItems(currentState());
    },

    async close() {
      if (closed) return;
      await journal.flush();
      closed = true;
      session.close();
    },
  };
  return {
    methods,
    // The log and the resolved actions have the vectors, the session a copy.
    bytes: () =>
      session.bytes() +
      journal.log().entries.length * (BYTES_PER_COMPONENT * dim + BYTES_PER_ACTION),
    isSaved: journal.isSaved,
    release: session.close,
  };
}

/**
 * Returns a function that looks up the weights and vectors of entries and caches them per entry.
 * Entries of items removed from the catalogue stay in the log but are left out of the profile.
 */
function actionResolver({
  catalogue,
  kinds,
}: Settings): (entries: readonly Entry[]) => ResolvedAction[] {
  let resolved = new WeakMap<Entry, ResolvedAction>();
  let hash = catalogue?.hash;
  const resolve = (entry: Entry): ResolvedAction | undefined => {
    const { item, at, weight, kind } = entry;
    // Catalogue vectors have unit length: normalise others, so that distances are comparable.
    const vector = entry.vector
      ? catalogue
        ? toUnit(entry.vector)
        : entry.vector
      : catalogue?.vector(item);
    return (
      vector && {
        item,
        at,
        vector,
        weight: weight ?? (kind === undefined ? 1 : (kinds.get(kind) ?? 1)),
      }
    );
  };
  return (entries) => {
    // Vectors may have changed.
    if (hash !== catalogue?.hash) [resolved, hash] = [new WeakMap(), catalogue?.hash];
    return entries.flatMap((entry) => {
      const action = resolved.get(entry) ?? resolve(entry);
      if (action) resolved.set(entry, action);
      return action ?? [];
    });
  };
}

function explain(item: string, state: ProfileState, { catalogue, dim }: Settings): Explanation {
  const { profile, actions, labels } = state;
  if (profile.interests.length === 0) {
    throw new SageError(
      "unknown-item",
      `explain: no interest to explain "${item}" with: record actions first.`,
    );
  }
  const lastRow = actions.findLastIndex((action) => action.item === item);
  const vector = lastRow >= 0 ? actions[lastRow]!.vector : catalogue?.vector(item);
  if (!vector)
    throw new SageError(
      "unknown-item",
      `explain: the item "${item}" is neither in the history nor in a catalogue.`,
    );
  const medoids = toMatrix(
    profile.interests.map((interest) => interest.vector),
    dim,
  );
  const member = lastRow >= 0 ? labels[lastRow]! : -1;
  const interest =
    member >= 0 ? member : withCore((core) => core.nearest(medoids, dim, vector, 1)).rows[0]!;
  return {
    interest: copyProfile(profile).interests[interest]!,
    nearest: nearestActions(state, [vector], NEAREST_PER_EXPLANATION, item)[0]!,
  };
}

function projectItems({
  profile: { dim },
  actions,
  labels,
}: ProfileState): Awaited<ReturnType<Sage["map"]>> {
  const rows = newestRowPerItem(actions);
  if (rows.length === 0) return [];
  const vectors = toMatrix(
    rows.map((row) => actions[row]!.vector),
    dim,
  );
  const points = withCore((core) => core.project(vectors, dim));
  return rows.map((row, index) => ({
    item: actions[row]!.item,
    x: points[index * 2]!,
    y: points[index * 2 + 1]!,
    interest: labels[row]!,
  }));
}

function deletionFor(
  target: Exclude<Parameters<Sage["forget"]>[0], "everything">,
): (log: Log) => Log {
  if (typeof target === "string") {
    const item = checkItemId("forget", target);
    return (log) => withoutItem(log, item);
  }
  checkKeys("forget", target, ["from", "to"]);
  if (target.from === undefined && target.to === undefined) {
    throw new SageError(
      "option",
      'forget: expected `from`, `to` or both; forget("everything") deletes all.',
    );
  }
  const from = target.from === undefined ? -Infinity : checkFinite("forget: from", target.from);
  const to = target.to === undefined ? Infinity : checkFinite("forget: to", target.to);
  return (log) => withoutRange(log, from, to);
}

/** Deep copy: callers may modify the result without changing the cached profile. */
function copyProfile(profile: Profile): Profile {
  return {
    ...profile,
    interests: profile.interests.map((interest) => ({
      ...interest,
      vector: interest.vector.slice(),
      items: [...interest.items],
    })),
  };
}

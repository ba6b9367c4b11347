/** The main job: actions in, interests and recommendations out. What has a clock, a store or an id is here and in what it imports. */

import { checkAbort, checkFinite, checkItemId, checkKeys } from "../check.js";
import { init, withCore } from "../core/glue.js";
import { toMatrix, toUnit } from "../core/matrix.js";
import { openSession } from "../core/session.js";
import { SageError } from "../errors.js";
import { checkActions, withVectors } from "./actions.js";
import { openJournal } from "./journal.js";
import { append, type Entry, hide, type Log, merge, withoutItem, withoutRange } from "./log.js";
import { decodeLog, encodeLog } from "./log-format.js";
import { checkSettings, type Settings } from "./options.js";
import { showOutbound } from "./outbound.js";
import { describeProfile, distinctRows, type ProfileState, type WeighedAction } from "./profile.js";
import { nearestActions, planQueries, runPlan } from "./recommend.js";
import type { Explanation, Profile, Sage, SageOptions } from "./types.js";

const EXPLAINED_BY = 5;

/** Open (or restore) a taste. Loads the wasm by itself. Rejects "option" or "dimension", "storage", "corrupt" or "version". */
export async function openSage(options: SageOptions): Promise<Sage> {
  await init();
  const settings = checkSettings(options);
  const { dim, store, now } = settings;
  const limits = () => ({ count: settings.maxActions, since: now() - settings.maxAge });
  const session = openSession(dim);
  const weigh = weigher(settings);
  const journal = await openJournal(store, dim, limits, settings.setAside);
  let closed = false;
  let remembered: { log: Log; hash: string | undefined; taste: ProfileState } | undefined;

  /** The taste behind the log and the catalogue of now: the log is never changed in place, so the same log is the same taste. */
  const taste = (): ProfileState => {
    const [log, hash] = [journal.log(), settings.catalogue?.hash];
    if (remembered?.log !== log || remembered.hash !== hash) {
      const [actions, time] = [weigh(log.entries), now()];
      remembered = {
        log,
        hash,
        taste: describeProfile(session.profile(actions, time, settings.core), actions, dim, time),
      };
    }
    return remembered.taste;
  };
  const plan = (given: Parameters<Sage["recommend"]>[0] = {}) => {
    const { entries, hidden } = journal.log();
    return planQueries(taste(), given, [...hidden, ...entries.map(({ item }) => item)]);
  };
  const checkOpen = (): void => {
    if (closed) throw new SageError("closed", "This sage was closed: open it again with openSage.");
  };

  const sage: Sage = {
    async record(given) {
      checkOpen();
      const time = now();
      const actions = settings.vectors
        ? await withVectors(given, settings.vectors, settings.catalogue)
        : given;
      checkOpen();
      const entries = checkActions(actions, { dim, catalogue: settings.catalogue, now: time });
      if (entries.length > 0) await journal.change((log) => append(log, entries));
    },

    async profile() {
      checkOpen();
      return copyProfile(taste().profile);
    },

    async recommend(given = {}) {
      checkOpen();
      checkAbort(given?.signal);
      return runPlan(plan(given), taste(), settings, given.signal);
    },

    async preview(given = {}) {
      checkOpen();
      checkAbort(given?.signal);
      const { queries } = plan(given);
      return settings.retriever ? showOutbound(queries, settings.retriever) : [];
    },

    async explain(item) {
      checkOpen();
      return explain(checkItemId("explain", item), taste(), settings);
    },

    async hide(item) {
      checkOpen();
      checkItemId("hide", item);
      await journal.change((log) => hide(log, item));
    },

    async forget(what) {
      checkOpen();
      if (what === "everything") {
        const count = journal.log().entries.length;
        await journal.change("erase");
        return count;
      }
      const without = forgetting(what);
      let deleted = 0;
      await journal.change((log) => {
        const left = without(log);
        deleted = log.entries.length - left.entries.length; // counted anew when made again on a fresher log
        return left;
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
      return draw(taste());
    },

    async close() {
      if (closed) return;
      await journal.flush();
      closed = true;
      session.close();
    },

    [Symbol.asyncDispose]: () => sage.close(),
  };
  return sage;
}

/** Gives entries with weights and vectors looked up. An item that has left the catalogue stays in the log, and out of the profile. */
function weigher({ catalogue, kinds }: Settings): (entries: readonly Entry[]) => WeighedAction[] {
  let known = new WeakMap<Entry, WeighedAction>();
  let hash = catalogue?.hash;
  const weigh = (entry: Entry): WeighedAction | undefined => {
    const { item, at, weight, kind } = entry;
    // A catalogue compares at unit length; so must what comes from elsewhere, to be compared with it.
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
    if (hash !== catalogue?.hash) [known, hash] = [new WeakMap(), catalogue?.hash]; // it may hold other vectors now
    return entries.flatMap((entry) => {
      const action = known.get(entry) ?? weigh(entry);
      if (action) known.set(entry, action);
      return action ?? [];
    });
  };
}

function explain(item: string, taste: ProfileState, { catalogue, dim }: Settings): Explanation {
  const { profile, actions, labels } = taste;
  if (profile.interests.length === 0) {
    throw new SageError(
      "unknown-item",
      `explain: there is no interest yet to explain "${item}" with: record some actions first.`,
    );
  }
  const own = actions.findLastIndex((action) => action.item === item);
  const vector = own >= 0 ? actions[own]!.vector : catalogue?.vector(item);
  if (!vector)
    throw new SageError(
      "unknown-item",
      `explain: neither the user's actions nor a catalogue know the item "${item}".`,
    );
  const medoids = toMatrix(
    profile.interests.map((interest) => interest.vector),
    dim,
  );
  const member = own >= 0 ? labels[own]! : -1;
  const nearest =
    member >= 0 ? member : withCore((core) => core.nearest(medoids, dim, vector, 1)).rows[0]!;
  return {
    interest: copyProfile(profile).interests[nearest]!,
    nearest: nearestActions(taste, [vector], EXPLAINED_BY, item)[0]!,
  };
}

function draw({
  profile: { dim },
  actions,
  labels,
}: ProfileState): Awaited<ReturnType<Sage["map"]>> {
  const rows = distinctRows(actions);
  if (rows.length === 0) return [];
  const own = toMatrix(
    rows.map((row) => actions[row]!.vector),
    dim,
  );
  const points = withCore((core) => core.project(own, dim));
  return rows.map((row, place) => ({
    item: actions[row]!.item,
    x: points[place * 2]!,
    y: points[place * 2 + 1]!,
    interest: labels[row]!,
  }));
}

function forgetting(what: Exclude<Parameters<Sage["forget"]>[0], "everything">): (log: Log) => Log {
  if (typeof what === "string") {
    const item = checkItemId("forget", what);
    return (log) => withoutItem(log, item);
  }
  checkKeys("forget", what, ["from", "to"]);
  if (what.from === undefined && what.to === undefined) {
    throw new SageError(
      "option",
      'forget: a range needs `from`, `to` or both; forget("everything") forgets everything.',
    );
  }
  const from = what.from === undefined ? -Infinity : checkFinite("forget: from", what.from);
  const to = what.to === undefined ? Infinity : checkFinite("forget: to", what.to);
  return (log) => withoutRange(log, from, to);
}

/** The caller's own copy: what they do with it does not reach the remembered one. */
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

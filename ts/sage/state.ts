/** The current profile of a log: computed when the log, the catalogue or the clock require it. */
import { toUnit } from "../core/matrix.js";
import { openSession } from "../core/session.js";
import type { SearchMemo } from "./lists.js";
import type { Log } from "./log.js";
import { type Entry, isDislike } from "./operation.js";
import type { Settings } from "./options.js";
import {
  computeProfile,
  copyProfile,
  describeProfile,
  type ProfileState,
  type ResolvedAction,
  type Retrieval,
} from "./profile.js";
import { computeRetrieval } from "./retrieval.js";
import type { Profile } from "./types.js";

/** Memory of a hit of the last search, in bytes: key, score, prior, and a part of rows and ids. */
const BYTES_PER_HIT = 16;

/** Computes the profile of a log that changes little between calls. */
export interface ProfileSource {
  current(log: Log): ProfileState;
  /** The profile of the actions until `time`, as it was then; computed anew at each call. */
  profileAt(log: Log, time: number): Profile;
  /**
   * Why the entry is left out of the current profile: its item has left the catalogue, or the core
   * refuses its action. Undefined if it is not left out.
   */
  problemOf(log: Log, entry: Entry): string | undefined;
  /** Estimated memory of the core session and of the last search, in bytes. */
  bytes(): number;
  /** Frees the memory of the core. */
  close(): void;
}

/** The profile state computed from one revision of a log. */
interface Derived {
  /** The catalogue that the vectors come from. */
  readonly hash: string | undefined;
  readonly resolved: WeakMap<Entry, ResolvedAction>;
  readonly revision: number;
  /** Time of the newest action. */
  readonly newestTime: number;
  readonly state: ProfileState;
  /** The actions that the core refuses, with its message. */
  readonly problems: ReadonlyMap<ResolvedAction, string>;
}

export function openProfileSource(settings: Settings): ProfileSource {
  const { dim, catalogue, now } = settings;
  const currentSession = openSession(dim);
  const searches: SearchMemo = {};
  let derived: Derived | undefined;

  const compute = (
    signedActions: readonly ResolvedAction[],
    time: number,
    session = currentSession,
  ): Pick<Derived, "state" | "problems"> => {
    const actions: ResolvedAction[] = [];
    const dislikes: ResolvedAction[] = [];
    for (const action of signedActions) (isDislike(action) ? dislikes : actions).push(action);
    const toProfileState = (accepted: readonly ResolvedAction[]): ProfileState => {
      let knownRetrieval: { popularity: number; retrieval: Retrieval } | undefined;
      return {
        ...describeProfile(session.profile(accepted, time, settings.core), accepted, dim, time),
        dislikes,
        searches,
        retrieval: (popularity) => {
          if (knownRetrieval?.popularity !== popularity) {
            const retrieval = computeRetrieval(session, accepted, time, popularity, settings);
            knownRetrieval = { popularity, retrieval };
          }
          return knownRetrieval.retrieval;
        },
      };
    };
    const problems = new Map<ResolvedAction, string>();
    try {
      return { problems, state: toProfileState(actions) };
    } catch (error) {
      // The profile is computed even if the core refuses a value of one action.
      for (const action of actions) {
        try {
          computeProfile([action], dim, time, settings.core);
        } catch (refusal) {
          problems.set(action, (refusal as Error).message);
        }
      }
      if (problems.size === 0) throw error;
      return { problems, state: toProfileState(actions.filter((action) => !problems.has(action))) };
    }
  };

  const deriveState = (log: Log): Derived => {
    const [knownState, hash, time] = [derived, catalogue?.hash, now()];
    // Actions after `builtAt` counted as done then; those after `time` count as done now.
    if (
      knownState?.revision === log.revision &&
      knownState.hash === hash &&
      knownState.newestTime <= Math.min(knownState.state.profile.builtAt, time)
    )
      return knownState;
    const { revision, entries } = log;
    const resolved =
      knownState?.hash === hash && knownState
        ? knownState.resolved
        : new WeakMap<Entry, ResolvedAction>();
    const actions = entries.flatMap((entry) => {
      let action = resolved.get(entry);
      if (!action) {
        action = resolveAction(entry, settings);
        if (action) resolved.set(entry, action);
      }
      return action ?? [];
    });
    const newestTime = entries.reduce((latest, { at }) => Math.max(latest, at), -Infinity);
    derived = { hash, resolved, revision, newestTime, ...compute(actions, time) };
    return derived;
  };

  return {
    current: (log) => deriveState(log).state,
    problemOf(log, entry) {
      const { resolved, problems } = deriveState(log);
      const action = resolved.get(entry);
      return action ? problems.get(action) : "the item is not in the catalogue";
    },
    profileAt(log, time) {
      const past = log.entries.filter(({ at }) => at <= time);
      const session = openSession(dim);
      try {
        const actions = past.flatMap((entry) => resolveAction(entry, settings) ?? []);
        return copyProfile(compute(actions, time, session).state.profile);
      } finally {
        session.close();
      }
    },
    bytes() {
      const { hits = [], earlierHits = [], lists } = searches.last ?? {};
      const keptShare = 1 + earlierHits.length / Math.max(hits.length, 1);
      return currentSession.bytes() + BYTES_PER_HIT * keptShare * (lists?.keys.length ?? 0);
    },
    close: () => {
      searches.last = undefined;
      currentSession.close();
    },
  };
}

/**
 * The entry with its weight and vector looked up. Undefined for an item that was removed from the
 * catalogue: it stays in the log but is left out of the profile.
 */
function resolveAction(
  entry: Entry,
  { catalogue, kinds }: Pick<Settings, "catalogue" | "kinds">,
): ResolvedAction | undefined {
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
}

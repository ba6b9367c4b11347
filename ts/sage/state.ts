/** The current profile of a log: computed when the log, the catalogue or the clock require it. */
import { toUnit } from "../core/matrix.js";
import { openSession } from "../core/session.js";
import type { Log } from "./log.js";
import type { Entry } from "./operation.js";
import type { Settings } from "./options.js";
import {
  computeProfile,
  describeProfile,
  type ProfileState,
  type ResolvedAction,
} from "./profile.js";

/** Computes the profile of a log that changes little between calls. */
export interface ProfileSource {
  current(log: Log): ProfileState;
  /** Why the entry is left out of the current profile, if the core refuses its action. */
  problemOf(log: Log, entry: Entry): string | undefined;
  /** Bytes of the core session, about. */
  bytes(): number;
  /** Frees the memory of the core. */
  close(): void;
}

/** What was computed from a log. */
interface Derived {
  /** The catalogue that the vectors come from. */
  readonly hash: string | undefined;
  readonly resolved: WeakMap<Entry, ResolvedAction>;
  readonly revision: number;
  /** Time of the newest action. */
  readonly newest: number;
  readonly state: ProfileState;
  /** The actions that the core refuses, with its message. */
  readonly problems: ReadonlyMap<ResolvedAction, string>;
}

export function openProfileSource(settings: Settings): ProfileSource {
  const { dim, catalogue, now } = settings;
  const session = openSession(dim);
  let derived: Derived | undefined;

  const compute = (
    actions: readonly ResolvedAction[],
    time: number,
  ): Pick<Derived, "state" | "problems"> => {
    const describe = (accepted: readonly ResolvedAction[]): ProfileState =>
      describeProfile(session.profile(accepted, time, settings.core), accepted, dim, time);
    const problems = new Map<ResolvedAction, string>();
    try {
      return { problems, state: describe(actions) };
    } catch (error) {
      // One value that the core refuses must not cost the whole profile.
      for (const action of actions) {
        try {
          computeProfile([action], dim, time, settings.core);
        } catch (refusal) {
          problems.set(action, (refusal as Error).message);
        }
      }
      if (problems.size === 0) throw error;
      return { problems, state: describe(actions.filter((action) => !problems.has(action))) };
    }
  };

  const derive = (log: Log): Derived => {
    const [known, hash, time] = [derived, catalogue?.hash, now()];
    // Actions after `builtAt` counted as done then; those after `time` count as done now.
    if (
      known?.revision === log.revision &&
      known.hash === hash &&
      known.newest <= Math.min(known.state.profile.builtAt, time)
    )
      return known;
    const { revision, entries } = log;
    const resolved =
      known?.hash === hash && known ? known.resolved : new WeakMap<Entry, ResolvedAction>();
    const actions = entries.flatMap((entry) => {
      const action = resolved.get(entry) ?? resolveAction(entry, settings);
      if (action) resolved.set(entry, action);
      return action ?? [];
    });
    const newest = entries.reduce((latest, { at }) => Math.max(latest, at), -Infinity);
    derived = { hash, resolved, revision, newest, ...compute(actions, time) };
    return derived;
  };

  return {
    current: (log) => derive(log).state,
    problemOf(log, entry) {
      const { resolved, problems } = derive(log);
      const action = resolved.get(entry);
      return action && problems.get(action);
    },
    bytes: session.bytes,
    close: session.close,
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

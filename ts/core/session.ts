/**
 * The core's session, kept in step with the actions: what has gone is forgotten there, what has come is added, and the rest stays as it
 * is, so that a profile after one more action costs a fraction of one from the beginning. The actions are here, in TypeScript: a crash of
 * the core loses nothing, and the next profile begins anew.
 */

import { onRestart, withCore } from "./glue.js";
import type { CoreOptions, CoreProfile, CoreSession } from "./interface.js";
import { toMatrix } from "./matrix.js";

/** What the core needs of one action: its vector, its time in milliseconds since the epoch, and its weight. */
export interface ActionRow {
  readonly vector: Float32Array;
  readonly at: number;
  readonly weight: number;
}

/** Profiles of a list of actions that changes a little from call to call. */
export interface Session {
  profile(actions: readonly ActionRow[], now: number, options: CoreOptions): CoreProfile;
  /** Gives its memory back. */
  close(): void;
}

/** A session for vectors of `dim` numbers. Nothing is taken of the core before the first profile. */
export function openSession(dim: number): Session {
  let core: CoreSession | undefined;
  let rows: readonly ActionRow[] = [];
  const forgetCore = (): void => {
    core = undefined;
    rows = [];
  };
  const unregister = onRestart(forgetCore);

  /** Changes the rows in the core into these. Rows are in one order: what is not in its turn any more is forgotten, and added again. */
  const follow = (session: CoreSession, actions: readonly ActionRow[]): void => {
    const gone: number[] = [];
    const weighedAnew: number[] = [];
    let kept = 0;
    rows.forEach((row, at) => {
      const action = actions[kept];
      if (!action || !hasEqualVectorAndTime(row, action)) return void gone.push(at);
      if (row.weight !== action.weight) weighedAnew.push(kept);
      kept++;
    });
    const fresh = actions.slice(kept);
    rows = []; // whatever fails from here on
    if (gone.length > 0) session.forget(Uint32Array.from(gone));
    for (const row of weighedAnew) session.setWeight(row, actions[row]!.weight);
    if (fresh.length > 0) {
      const vectors = toMatrix(
        fresh.map(({ vector }) => vector),
        dim,
      );
      const at = Float64Array.from(fresh, (action) => action.at);
      const weights = Float64Array.from(fresh, (action) => action.weight);
      session.add(vectors, at, weights);
    }
    rows = actions;
  };

  return {
    profile: (actions, now, options) =>
      withCore(({ CoreSession }) => {
        core ??= new CoreSession(dim);
        try {
          follow(core, actions);
        } catch (error) {
          forgetCore();
          throw error;
        }
        return core.profile(now, options);
      }),
    close: () => {
      unregister();
      core?.free();
      forgetCore();
    },
  };
}

function hasEqualVectorAndTime(a: ActionRow, b: ActionRow): boolean {
  if (a === b) return true;
  return (
    a.at === b.at &&
    (a.vector === b.vector || a.vector.every((number, place) => number === b.vector[place]))
  );
}

/**
 * A core session that is kept equal to a list of actions: deleted actions are removed from it, new
 * ones appended, and the rest left as it is. So a profile after one more action costs a fraction of
 * the first one.
 *
 * The list itself stays in TypeScript: a crash of the core loses no action, and the next profile
 * fills a new session.
 */

import { onRestart, withCore } from "./glue.js";
import type { CoreOptions, CoreProfile, CoreSession } from "./interface.js";
import { toMatrix } from "./matrix.js";

/** The fields of an action that the core reads. */
export interface ActionRow {
  readonly vector: Float32Array;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly weight: number;
}

/** Computes profiles of an action list that changes little between calls. */
export interface Session {
  profile(actions: readonly ActionRow[], now: number, options: CoreOptions): CoreProfile;
  /** Frees the core session. */
  close(): void;
}

/** A session for vectors of `dim` components. It takes no wasm memory before the first profile. */
export function openSession(dim: number): Session {
  let core: CoreSession | undefined;
  /** The actions in the core session, row by row. */
  let rows: readonly ActionRow[] = [];
  const discardCore = (): void => {
    core = undefined;
    rows = [];
  };
  const unregister = onRestart(discardCore);

  /**
   * Makes the rows of the core session equal to `actions`, in that order. A row that is not at its
   * turn in `actions` is removed, and appended again if it comes later.
   */
  const synchronise = (session: CoreSession, actions: readonly ActionRow[]): void => {
    const removed: number[] = [];
    const reweighed: number[] = [];
    let keptCount = 0;
    rows.forEach((row, index) => {
      const action = actions[keptCount];
      if (!action || !hasEqualVectorAndTime(row, action)) return void removed.push(index);
      if (row.weight !== action.weight) reweighed.push(keptCount);
      keptCount++;
    });
    const appended = actions.slice(keptCount);
    rows = []; // unknown until all steps below have succeeded
    if (removed.length > 0) session.forget(Uint32Array.from(removed));
    for (const row of reweighed) session.setWeight(row, actions[row]!.weight);
    if (appended.length > 0) {
      const vectors = toMatrix(
        appended.map(({ vector }) => vector),
        dim,
      );
      const at = Float64Array.from(appended, (action) => action.at);
      const weights = Float64Array.from(appended, (action) => action.weight);
      session.add(vectors, at, weights);
    }
    rows = actions;
  };

  return {
    profile: (actions, now, options) =>
      withCore(({ CoreSession }) => {
        core ??= new CoreSession(dim);
        try {
          synchronise(core, actions);
        } catch (error) {
          discardCore();
          throw error;
        }
        return core.profile(now, options);
      }),
    close: () => {
      unregister();
      core?.free();
      discardCore();
    },
  };
}

function hasEqualVectorAndTime(a: ActionRow, b: ActionRow): boolean {
  if (a === b) return true;
  return (
    a.at === b.at &&
    (a.vector === b.vector || a.vector.every((component, axis) => component === b.vector[axis]))
  );
}

/**
 * A core session that is kept equal to a list of actions: deleted actions are removed from it, new
 * ones appended, and the rest left as it is. So a profile after one more action costs a fraction of
 * the first one.
 *
 * The list itself stays in TypeScript: a crash of the core loses no action, and the next profile
 * fills a new session.
 */

import { InstanceBound, withCore } from "./glue.js";
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
  /** Bytes of the core session, about. */
  bytes(): number;
  /** Frees the core session. */
  close(): void;
}

/**
 * Bytes of the core session for each component: the vector (f32), and from the first change on a
 * tree of 2.25 nodes a row, each with a mean (f64) and a place on the grid (i16).
 */
const BYTES_PER_COMPONENT = 4;
const BYTES_PER_COMPONENT_WITH_TREE = 27;

/** A session for vectors of `dim` components. It takes no wasm memory before the first profile. */
export function openSession(dim: number): Session {
  let core: InstanceBound<CoreSession> | undefined;
  /** The actions in the core session, row by row. */
  let rows: readonly ActionRow[] = [];
  /** Whether `rows` are those of the core session: not while they are synchronised. */
  let isSynchronised = true;
  /** Whether rows have changed since the first profile. */
  let hasTree = false;
  const discardCore = (): void => {
    core?.free();
    core = undefined;
    rows = [];
    isSynchronised = true;
    hasTree = false;
  };

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
    isSynchronised = false;
    hasTree ||= keptCount > 0 && removed.length + reweighed.length + appended.length > 0;
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
    isSynchronised = true;
  };

  return {
    profile: (actions, now, options) =>
      withCore(({ CoreSession }) => {
        // The first fails after a crash, which may have been that of another caller.
        if (!core?.object || !isSynchronised) discardCore();
        core ??= new InstanceBound(new CoreSession(dim));
        const session = core.object!;
        synchronise(session, actions);
        return session.profile(now, options);
      }),
    bytes: () =>
      rows.length * dim * (hasTree ? BYTES_PER_COMPONENT_WITH_TREE : BYTES_PER_COMPONENT),
    close: discardCore,
  };
}

function hasEqualVectorAndTime(a: ActionRow, b: ActionRow): boolean {
  if (a === b) return true;
  return (
    a.at === b.at &&
    (a.vector === b.vector || a.vector.every((component, axis) => component === b.vector[axis]))
  );
}

/**
 * A core session that is kept equal to a list of actions: deleted actions are removed from it, new
 * ones are appended, and the others stay. So a profile after one more action takes a fraction of
 * the time of the first.
 *
 * The list itself stays in TypeScript: a crash of the core loses no action, and the next profile
 * fills a new session.
 */

import { InstanceBound, withCore } from "./glue.js";
import type { CoreOptions, CoreProfile, CoreRetrieval, CoreSession } from "./interface.js";
import { isEqual, toMatrix } from "./matrix.js";

/** The fields of an action that the core reads. */
export interface ActionRow {
  readonly vector: Float32Array;
  /** Time of the action, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly weight: number;
}

/** Computes profiles of an action list that changes little between calls. */
export interface Session {
  profile(actions: readonly ActionRow[], now: number, options: CoreOptions): CoreProfile;
  /** `recency`, `averageRecency`: decay per day of centres, and of the average. */
  retrieval(
    actions: readonly ActionRow[],
    now: number,
    options: CoreOptions,
    recency: number,
    averageRecency: number,
  ): CoreRetrieval;
  /** Estimated memory of the core session, in bytes. */
  bytes(): number;
  /** Frees the core session. */
  close(): void;
}

/**
 * Memory of the core session per vector component, in bytes: the vector (f32) and, after the first
 * change, a Ward tree of 2.25 nodes per row, each with a mean (f64) and its quantized form (i16).
 */
const BYTES_PER_COMPONENT = 4;
const BYTES_PER_COMPONENT_WITH_TREE = 27;

/** A session for vectors of `dim` components. It takes no wasm memory before the first profile. */
export function openSession(dim: number): Session {
  let core: InstanceBound<CoreSession> | undefined;
  /** The actions in the core session, row by row. */
  let rows: readonly ActionRow[] = [];
  /** False while `synchronise` runs, and after it has thrown: `rows` may then be wrong. */
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
   * Makes the rows of the core session equal to `actions`, in that order. Rows and actions are
   * compared in order: a row that differs from the next action is removed, and appended again if a
   * later action equals it.
   */
  const synchronise = (session: CoreSession, actions: readonly ActionRow[]): void => {
    const removedRows: number[] = [];
    const reweighedRows: number[] = [];
    let keptCount = 0;
    rows.forEach((row, index) => {
      const action = actions[keptCount];
      if (!action || !hasEqualVectorAndTime(row, action)) return void removedRows.push(index);
      if (row.weight !== action.weight) reweighedRows.push(keptCount);
      keptCount++;
    });
    const appendedActions = actions.slice(keptCount);
    isSynchronised = false;
    hasTree ||=
      keptCount > 0 && removedRows.length + reweighedRows.length + appendedActions.length > 0;
    if (removedRows.length > 0) session.forget(Uint32Array.from(removedRows));
    for (const row of reweighedRows) session.setWeight(row, actions[row]!.weight);
    if (appendedActions.length > 0) {
      const vectors = toMatrix(
        appendedActions.map(({ vector }) => vector),
        dim,
      );
      const at = Float64Array.from(appendedActions, (action) => action.at);
      const weights = Float64Array.from(appendedActions, (action) => action.weight);
      session.add(vectors, at, weights);
      // V8 lets 64 MB of this garbage accumulate, half of the memory of a Cloudflare isolate.
      (vectors.buffer as ArrayBuffer).transfer?.(0);
    }
    rows = actions;
    isSynchronised = true;
  };

  /** Calls `use` with the core session, whose rows equal `actions`. */
  const withSession = <T>(actions: readonly ActionRow[], use: (session: CoreSession) => T): T =>
    withCore(({ CoreSession }) => {
      // `core.object` is undefined after a crash, which another caller may have caused.
      if (!core?.object || !isSynchronised) discardCore();
      core ??= new InstanceBound(new CoreSession(dim));
      const session = core.object!;
      synchronise(session, actions);
      return use(session);
    });

  return {
    profile: (actions, now, options) =>
      withSession(actions, (session) => session.profile(now, options)),
    retrieval: (actions, ...args) => withSession(actions, (session) => session.retrieval(...args)),
    bytes: () =>
      rows.length * dim * (hasTree ? BYTES_PER_COMPONENT_WITH_TREE : BYTES_PER_COMPONENT),
    close: discardCore,
  };
}

function hasEqualVectorAndTime(a: ActionRow, b: ActionRow): boolean {
  if (a === b) return true;
  return a.at === b.at && (a.vector === b.vector || isEqual(a.vector, b.vector));
}

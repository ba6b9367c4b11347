/**
 * A core session that is kept equal to a list of actions: deleted actions are removed from it, new
 * ones appended, and the rest left as it is. So a profile after one more action costs a fraction of
 * the first one.
 *
 * The session is a cache. The list itself stays in TypeScript, so the next profile fills a new
 * session when a crash, or the budget of all sessions (budget.ts), has released this one. What is
 * kept between calls lies in a slot that does not refer to the session's owner: a sage that was
 * dropped without `close` can be collected, and then its slot is released.
 */

import { drop, keep } from "./budget.js";
import { Owned, withCore } from "./glue.js";
import type { CoreOptions, CoreProfile, CoreSession } from "./interface.js";
import { toMatrix } from "./matrix.js";

/** The fields of an action that the core reads. */
export interface ActionRow {
  readonly vector: Float32Array;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly weight: number;
}

/**
 * Bytes that a session keeps for each row, and for each component of its vector: the vector here
 * and in the core (f32), and since the first change a tree of 2.25 nodes a row, each with a mean
 * (f64) and a place on the grid (i16).
 */
const BYTES_PER_ROW = 300;
const BYTES_PER_COMPONENT = 8;
const BYTES_PER_COMPONENT_WITH_TREE = 31;

/** Computes profiles of an action list that changes little between calls. */
export interface Session<Derived = unknown> {
  /**
   * What the owner derives from the actions. It is undefined after the session was released, which
   * any call of any session can cause. It must not refer to the owner.
   */
  derived: Derived | undefined;
  profile(actions: readonly ActionRow[], now: number, options: CoreOptions): CoreProfile;
  /** Frees the core session. */
  close(): void;
}

/** What a session keeps between calls. */
interface Slot<Derived> {
  core: Owned<CoreSession> | undefined;
  /** The actions in the core session, row by row. */
  rows: readonly ActionRow[];
  /** Whether rows have changed since the first profile. */
  hasTree: boolean;
  derived: Derived | undefined;
  /** Empties the slot and frees the core session. */
  readonly release: () => void;
}

/** Releases the slots of collected sessions. Without it, the budget releases them later. */
const finalizers =
  "FinalizationRegistry" in globalThis
    ? new FinalizationRegistry<() => void>((release) => drop(release))
    : undefined;

/** A session for vectors of `dim` components. It takes no wasm memory before the first profile. */
export function openSession<Derived = unknown>(dim: number): Session<Derived> {
  const slot = emptySlot<Derived>();
  const session: Session<Derived> = {
    get derived() {
      return slot.derived;
    },
    set derived(derived) {
      slot.derived = derived;
    },
    profile: (actions, now, options) => computeProfile(slot, dim, actions, now, options),
    close: () => drop(slot.release),
  };
  finalizers?.register(session, slot.release);
  return session;
}

/** A function of its own: `release` would else keep alive what other closures of its scope use. */
function emptySlot<Derived>(): Slot<Derived> {
  const slot: Slot<Derived> = {
    core: undefined,
    rows: [],
    hasTree: false,
    derived: undefined,
    release: () => {
      slot.core?.free();
      slot.core = slot.derived = undefined;
      slot.rows = [];
      slot.hasTree = false;
    },
  };
  return slot;
}

function computeProfile(
  slot: Slot<unknown>,
  dim: number,
  actions: readonly ActionRow[],
  now: number,
  options: CoreOptions,
): CoreProfile {
  try {
    return withCore(({ CoreSession }) => {
      slot.core ??= new Owned(new CoreSession(dim));
      const core = slot.core.object!;
      synchronise(core, slot, actions, dim);
      const profile = core.profile(now, options);
      const perComponent = slot.hasTree ? BYTES_PER_COMPONENT_WITH_TREE : BYTES_PER_COMPONENT;
      keep(slot.release, actions.length * (perComponent * dim + BYTES_PER_ROW));
      return profile;
    });
  } catch (error) {
    drop(slot.release); // its rows may be those of two lists
    throw error;
  }
}

/**
 * Makes the rows of the core session equal to `actions`, in that order. A row that is not at its
 * turn in `actions` is removed, and appended again if it comes later.
 */
function synchronise(
  session: CoreSession,
  slot: Slot<unknown>,
  actions: readonly ActionRow[],
  dim: number,
): void {
  const removed: number[] = [];
  const reweighed: number[] = [];
  let keptCount = 0;
  slot.rows.forEach((row, index) => {
    const action = actions[keptCount];
    if (!action || !hasEqualVectorAndTime(row, action)) return void removed.push(index);
    if (row.weight !== action.weight) reweighed.push(keptCount);
    keptCount++;
  });
  const appended = actions.slice(keptCount);
  slot.hasTree ||= keptCount > 0 && removed.length + reweighed.length + appended.length > 0;
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
  slot.rows = actions;
}

function hasEqualVectorAndTime(a: ActionRow, b: ActionRow): boolean {
  if (a === b) return true;
  return (
    a.at === b.at &&
    (a.vector === b.vector || a.vector.every((component, axis) => component === b.vector[axis]))
  );
}

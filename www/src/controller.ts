/**
 * The controller between the page and the Sage. Data flow one way: an action goes to the Sage, a
 * new `ViewState` comes back, and the page is rendered from it. Actions run one after the other,
 * in the order of the calls.
 */
import {
  type Action,
  type ItemId,
  isSageError,
  type Outbound,
  type Profile,
  type Recommendation,
  type Sage,
} from "pocketsage";

type MapPlace = Awaited<ReturnType<Sage["map"]>>[number];

/** Everything that the page renders. */
export interface ViewState {
  profile: Profile;
  recommendations: readonly Recommendation[];
  map: readonly MapPlace[];
  /** The messages that the next recommendation would send off the device. */
  outbound: readonly Outbound[];
  /** Duration of profile() and recommend(), with the way to the worker and back. */
  milliseconds: number;
  canUndo: boolean;
}

/**
 * Each returned promise resolves when the change is rendered and stored, or when its error was
 * passed to `onError`. None rejects, except that of `export`.
 */
export interface Controller {
  /** Renders the current state. */
  refresh(): Promise<void>;
  act(item: ItemId, kind: "tap" | "save"): Promise<void>;
  /** Records several taps with their own times, in milliseconds since 1970; undone together. */
  recordPast(actions: readonly { item: ItemId; at: number }[]): Promise<void>;
  hide(item: ItemId): Promise<void>;
  forget(item: ItemId): Promise<void>;
  /** Cannot be undone: the undo history is forgotten, too. */
  forgetEverything(): Promise<void>;
  undo(): Promise<void>;
  export(): Promise<Uint8Array>;
  /** Merges an exported profile into this one. */
  import(bytes: Uint8Array): Promise<void>;
}

const RECOMMENDATION_COUNT = 12;
const MAX_UNDO_STEPS = 50;

/**
 * `excluded` items are never recommended. `render` is called with each new state. `onError` gets
 * the error of each failed change; earlier changes stay.
 */
export function createController(
  sage: Sage,
  excluded: readonly ItemId[],
  render: (state: ViewState) => void,
  onError: (error: unknown) => void,
): Controller {
  const query = { count: RECOMMENDATION_COUNT, exclude: excluded };
  /** One function per change that takes it back, newest last. */
  const undoStack: (() => Promise<unknown>)[] = [];
  const pendingStores = new Set<Promise<unknown>>();
  let queue: Promise<unknown> = Promise.resolve();
  let queued = 0;
  let lastActionAt = 0;

  const renderCurrent = async (): Promise<void> => {
    const start = performance.now();
    const [profile, recommendations] = await Promise.all([sage.profile(), sage.recommend(query)]);
    const milliseconds = performance.now() - start;
    const [map, outbound] = await Promise.all([sage.map(), sage.preview(query)]);
    const canUndo = undoStack.length > 0;
    render({ profile, recommendations, map, outbound, milliseconds, canUndo });
  };

  /** Runs `task` after all queued tasks. Renders once the queue is empty, not after each task. */
  const enqueue = (task: () => unknown): Promise<void> => {
    queued += 1;
    const done = queue.then(task).catch(onError);
    queue = done
      .then(() => {
        queued -= 1;
        return queued === 0 ? renderCurrent() : undefined;
      })
      .catch(onError);
    return queue.then(() => Promise.all(pendingStores)).then(() => undefined);
  };

  /**
   * Registers a change that has begun. Rendering does not wait for it to be stored: the Sage
   * applies a change before storing it, and keeps it when storing fails.
   */
  const track = (change: Promise<unknown>, undo: () => Promise<unknown>): void => {
    undoStack.push(undo);
    if (undoStack.length > MAX_UNDO_STEPS) undoStack.shift();
    const stored = change.catch((error: unknown) => {
      // A change that was not stored is in effect and can be undone; any other error means none.
      if (!isSageError(error) || error.code !== "storage")
        undoStack.splice(undoStack.indexOf(undo), 1);
      onError(error);
    });
    pendingStores.add(stored);
    void stored.then(() => pendingStores.delete(stored));
  };

  /** Undo forgets actions by their time, so the times must be unique. */
  const record = (actions: readonly (Action & { at: number })[]): Promise<void> =>
    enqueue(() =>
      track(sage.record(actions), () =>
        Promise.all(actions.map(({ at }) => sage.forget({ from: at, to: at }))),
      ),
    );

  /** For a change whose undo needs an export of the profile before it. */
  const changeWithBackup = (
    change: () => Promise<unknown>,
    undo: (before: Uint8Array) => Promise<unknown>,
  ): Promise<void> =>
    enqueue(async () => {
      const before = await sage.export();
      track(change(), () => undo(before));
    });

  return {
    refresh: () => enqueue(() => undefined),
    act(item, kind) {
      lastActionAt = Math.max(Date.now(), lastActionAt + 1);
      return record([{ item, kind, at: lastActionAt }]);
    },
    recordPast: (actions) => record(actions.map((action) => ({ ...action, kind: "tap" }))),
    hide: (item) => enqueue(() => track(sage.hide(item), () => sage.forget(item))),
    forget: (item) =>
      changeWithBackup(
        () => sage.forget(item),
        (before) => sage.import(before),
      ),
    import: (bytes) =>
      changeWithBackup(
        () => sage.import(bytes),
        (before) => Promise.all([sage.forget("everything"), sage.import(before)]),
      ),
    export: () => sage.export(),
    forgetEverything: () =>
      enqueue(async () => {
        undoStack.length = 0;
        await sage.forget("everything");
      }),
    undo: () => enqueue(() => undoStack.pop()?.()),
  };
}

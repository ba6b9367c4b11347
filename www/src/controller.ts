/**
 * The controller between the page and the Sage. Data flow one way: an action goes to the Sage, a
 * new `ViewState` comes back, and the page is rendered from it. Actions run one after the other,
 * in the order of the calls.
 */
import {
  type Action,
  type ItemId,
  isSageError,
  LIMITS,
  type Outbound,
  type Parameter,
  type Profile,
  type Sage,
} from "pocketsage";
import type { WorkerClient } from "./connect.js";
import type { Settings } from "./settings.js";
import type { RecommendationList } from "./worker-calls.js";

/** Everything that the page renders. */
export interface ViewState {
  profile: Profile;
  /** The words that name each interest, in the order of the interests. */
  names: readonly (readonly string[])[];
  /** Recommended with several interests. */
  several: RecommendationList;
  /** Recommended with one average of the same actions. */
  average: RecommendationList;
  /** The messages that the next recommendation would send off the device. */
  outbound: readonly Outbound[];
  parameters: readonly Parameter[];
  settings: Settings;
  /** Duration of profile() and recommend() in the worker, and back, in milliseconds. */
  latencyMs: number;
  /** Whether there is a change that `Controller.undo` can take back. */
  canUndo: boolean;
}

/**
 * Each returned promise resolves when the change is rendered and stored, or when its error was
 * passed to `onError`. None rejects, except that of `export`.
 */
export interface Controller {
  /** The open Sage. It changes with the half-life. */
  sage(): Sage;
  /** Renders the current state. */
  refresh(): Promise<void>;
  act(item: ItemId, kind: "tap" | "save"): Promise<void>;
  /** Records a text; `encoderUrl` as in `CatalogueSource`. */
  recordText(text: string, encoderUrl: string): Promise<void>;
  /** Records several actions. Their times must be unique. One undo removes all. */
  recordPast(actions: readonly (Action & { at: number })[]): Promise<void>;
  /** Excludes an item from all recommendations. */
  hide(item: ItemId): Promise<void>;
  /** Excludes an item, and moves items like it to the end of all recommendations. */
  dislike(item: ItemId): Promise<void>;
  /** Ends what `hide` and `dislike` do. */
  unhide(item: ItemId): Promise<void>;
  undislike(item: ItemId): Promise<void>;
  /** Multiplies the importance of the interest of an item; 0 mutes it, 1 restores it. */
  boost(medoid: ItemId, factor: number): Promise<void>;
  /** Computes everything with other settings. */
  changeSettings(settings: Settings): Promise<void>;
  /** Deletes the actions on an item. */
  forget(item: ItemId): Promise<void>;
  /** Deletes all actions and the undo history, so it cannot be undone. */
  forgetEverything(): Promise<void>;
  /** Takes back the latest change. */
  undo(): Promise<void>;
  export(): Promise<Uint8Array>;
  /** Merges an exported profile into this one. */
  import(bytes: Uint8Array): Promise<void>;
}

const RECOMMENDATION_COUNT = 12;
const MAX_UNDO_STEPS = 50;

export interface ControllerOptions {
  sage: Sage;
  client: Pick<WorkerClient, "call" | "open">;
  settings: Settings;
  /** Items that are never recommended. */
  excluded: readonly ItemId[];
  /** Called with each new state. */
  render(state: ViewState): void;
  /** Called with the error of each failed change; earlier changes stay in effect. */
  onError(error: unknown): void;
}

export function createController(options: ControllerOptions): Controller {
  const { client, excluded, render, onError } = options;
  let { sage, settings } = options;
  /** One function per change, newest last. Each takes its change back. */
  const undoStack: (() => Promise<unknown>)[] = [];
  /** One promise per change that is not stored yet. */
  const pendingStores = new Set<Promise<unknown>>();
  /** Settles when the last queued task has ended. */
  let queueEnd: Promise<unknown> = Promise.resolve();
  let queuedTaskCount = 0;
  let lastActionTime = 0;
  /** The interests of the latest names, as a text. */
  let namedProfile: { key: string; names: readonly (readonly string[])[] } = { key: "", names: [] };

  const renderCurrent = async (): Promise<void> => {
    const { diversity, explore, popularity } = settings;
    const query = {
      ...{ count: RECOMMENDATION_COUNT, exclude: excluded },
      ...{ diversity, explore, popularity },
    };
    const start = performance.now();
    const profile = await sage.profile();
    const isEmpty = profile.actions === 0;
    const recommend = (focus: number): Promise<RecommendationList> =>
      isEmpty
        ? Promise.resolve({ entries: [], likeness: 0 })
        : client.call("recommend", { ...query, focus });
    const several = await recommend(0);
    const latencyMs = performance.now() - start;
    const [average, outbound, parameters] = await Promise.all([
      recommend(1),
      sage.preview(query),
      sage.parameters(),
    ]);
    const canUndo = undoStack.length > 0;
    const lists = { several, average };
    const computed = { profile, ...lists, outbound, parameters, settings, latencyMs, canUndo };
    // Of equal profiles the names are known; others follow, as the first ones take a while.
    const key = profile.interests.map(({ items }) => items.join()).join("\n");
    if (key === namedProfile.key) return render({ ...computed, names: namedProfile.names });
    render({ ...computed, names: [] });
    if (isEmpty || queuedTaskCount > 0) return;
    void client.call("names", profile.interests).then((names) => {
      namedProfile = { key, names };
      if (queuedTaskCount === 0) render({ ...computed, names });
    }, onError);
  };

  /** Runs `task` after all queued tasks. Renders once the queue is empty, not after each task. */
  const enqueue = (task: () => unknown): Promise<void> => {
    queuedTaskCount += 1;
    const done = queueEnd.then(task).catch(onError);
    queueEnd = done
      .then(() => {
        queuedTaskCount -= 1;
        return queuedTaskCount === 0 ? renderCurrent() : undefined;
      })
      .catch(onError);
    return queueEnd.then(() => Promise.all(pendingStores)).then(() => undefined);
  };

  /**
   * Registers a change that has begun. Rendering does not wait for it to be stored: the Sage
   * applies a change before storing it, and keeps it when storing fails.
   */
  const track = (change: Promise<unknown>, undo: () => Promise<unknown>): void => {
    undoStack.push(undo);
    if (undoStack.length > MAX_UNDO_STEPS) undoStack.shift();
    const stored = change.catch((error: unknown) => {
      // After a storage error the change is in effect and can be undone; after any other it is not.
      if (!isSageError(error) || error.code !== "storage")
        undoStack.splice(undoStack.indexOf(undo), 1);
      onError(error);
    });
    pendingStores.add(stored);
    void stored.then(() => pendingStores.delete(stored));
  };

  const nextActionTime = (): number => {
    lastActionTime = Math.max(Date.now(), lastActionTime + 1);
    return lastActionTime;
  };

  /** Records actions. Their times must be unique, because undo forgets actions by time. */
  const record = (actions: readonly (Action & { at: number })[]): Promise<void> =>
    enqueue(() =>
      track(sage.record(actions), () =>
        Promise.all(actions.map(({ at }) => sage.forget({ from: at, to: at }))),
      ),
    );

  /**
   * For a deletion or a merge: undo records the actions `affected` selects again, because what was
   * forgotten does not return by import.
   */
  const changeWithBackup = (
    change: () => Promise<unknown>,
    affected: (item: ItemId) => boolean,
    prepareUndo: () => Promise<unknown> = async () => undefined,
  ): Promise<void> =>
    enqueue(async () => {
      const allActions = await sage.actions({ count: LIMITS.maxCount });
      const hidden = (await sage.hidden()).filter(affected);
      const actions = allActions.filter(({ item }) => affected(item)).reverse();
      track(change(), async () => {
        await prepareUndo();
        await sage.record(actions.map(({ problem: _, ...action }) => action));
        await sage.hide(hidden);
      });
    });

  return {
    sage: () => sage,
    refresh: () => enqueue(() => undefined),
    act: (item, kind) => record([{ item, kind, at: nextActionTime() }]),
    recordText: (text, encoderUrl) =>
      enqueue(async () => {
        const at = nextActionTime();
        const change = client.call("recordText", { text, encoderUrl, at });
        track(change, () => sage.forget({ from: at, to: at }));
        // Unlike calls of the Sage, calls of the worker have no order with those that render.
        await change.catch(() => undefined);
      }),
    recordPast: record,
    hide: (item) => enqueue(() => track(sage.hide(item), () => sage.unhide(item))),
    dislike: (item) => enqueue(() => track(sage.dislike(item), () => sage.undislike(item))),
    unhide: (item) => enqueue(() => track(sage.unhide(item), () => sage.hide(item))),
    undislike: (item) => enqueue(() => track(sage.undislike(item), () => sage.dislike(item))),
    boost: (medoid, factor) =>
      enqueue(async () => {
        const boosted = (await sage.parameters()).find(({ name }) => name === "boosted");
        const marks = (boosted?.value ?? []) as readonly { item: ItemId; factor: number }[];
        const previousFactor = marks.find(({ item }) => item === medoid)?.factor ?? 1;
        track(sage.boost(medoid, factor), () => sage.boost(medoid, previousFactor));
      }),
    changeSettings: (next) =>
      enqueue(async () => {
        const { halfLifeDays } = settings;
        settings = next;
        if (halfLifeDays === next.halfLifeDays) return;
        const previousSage = sage;
        sage = await client.open(next.halfLifeDays);
        await previousSage.close();
      }),
    forget: (forgotten) =>
      changeWithBackup(
        () => sage.forget(forgotten),
        (item) => item === forgotten,
      ),
    import: (bytes) =>
      changeWithBackup(
        () => sage.import(bytes),
        () => true,
        () => sage.forget("everything"),
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

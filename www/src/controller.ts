/**
 * The controller between the page and the Sage. Data flow one way: an action goes to the Sage, a
 * new `ViewState` comes back, and the page is rendered from it. Actions run one after the other,
 * in the order of the calls.
 */
import { type Action, type ItemId, isSageError, LIMITS, type Sage } from "pocketsage";
import type { WorkerClient } from "./connect.js";
import type { Settings } from "./settings.js";
import type { SageChange, TasteState } from "./worker-calls.js";

/** Everything that the page renders. */
export interface ViewState extends Readonly<TasteState> {
  /** The words that name each interest, in the order of the interests. */
  names: readonly (readonly string[])[];
  settings: Settings;
  /** Duration of the call of the worker that computed the taste, in milliseconds. */
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
  /** Called with each new state. Resolves when it is rendered, or skipped for a newer one. */
  render(state: ViewState): Promise<void>;
  /** Called with the error of each failed change; earlier changes stay in effect. */
  onError(error: unknown): void;
}

const ignore = (): void => undefined;

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
  /** Names of an older taste must not replace a newer one. */
  let latestTaste: TasteState | undefined;
  /** Settles when the latest state is rendered. */
  let rendered: Promise<unknown> = Promise.resolve();
  /** The words that name each interest of the latest names, by its items as a text. */
  let namesByItems = new Map<string, readonly string[]>();

  const renderCurrent = async (): Promise<void> => {
    const { diversity, explore, popularity } = settings;
    const query = {
      count: RECOMMENDATION_COUNT,
      exclude: excluded,
      diversity,
      explore,
      popularity,
    };
    const start = performance.now();
    const taste = await client.call("taste", query);
    const latencyMs = performance.now() - start;
    latestTaste = taste;
    const canUndo = undoStack.length > 0;
    const computed = { ...taste, settings, latencyMs, canUndo };
    const { interests } = taste.profile;
    const keys = interests.map(({ items }) => items.join("\n"));
    rendered = render({ ...computed, names: keys.map((key) => namesByItems.get(key) ?? []) });
    rendered.catch(onError);
    if (keys.every((key) => namesByItems.has(key))) return;
    // The names of changed interests follow the lists, as the first ones take a while.
    void rendered
      .then(async () => {
        if (queuedTaskCount > 0 || taste !== latestTaste) return;
        const names = await client.call("names", interests);
        namesByItems = new Map(keys.map((key, index) => [key, names[index] ?? []]));
        if (queuedTaskCount === 0 && taste === latestTaste) await render({ ...computed, names });
      })
      .catch(onError);
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
    // Errors were passed to `onError`.
    return queueEnd.then(() => Promise.all([...pendingStores, rendered])).then(ignore, ignore);
  };

  /** Calls a method of the Sage in the order of all calls of the worker. */
  const change = <M extends SageChange>(
    method: M,
    ...args: Parameters<Sage[M]>
  ): Promise<unknown> => client.call("change", method, args);

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
      track(change("record", actions), () =>
        Promise.all(actions.map(({ at }) => change("forget", { from: at, to: at }))),
      ),
    );

  /**
   * For a deletion or a merge: undo records the actions `affected` selects again, because what was
   * forgotten does not return by import.
   */
  const changeWithBackup = (
    run: () => Promise<unknown>,
    affected: (item: ItemId) => boolean,
    prepareUndo: () => Promise<unknown> = async () => undefined,
  ): Promise<void> =>
    enqueue(async () => {
      // The port of the Sage has no order with calls of the worker.
      await Promise.all(pendingStores);
      const allActions = await sage.actions({ count: LIMITS.maxCount });
      const hidden = (await sage.hidden()).filter(affected);
      const actions = allActions.filter(({ item }) => affected(item)).reverse();
      track(run(), async () => {
        await prepareUndo();
        await change(
          "record",
          actions.map(({ problem: _, ...action }) => action),
        );
        await change("hide", hidden);
      });
    });

  return {
    sage: () => sage,
    refresh: () => enqueue(() => undefined),
    act: (item, kind) => record([{ item, kind, at: nextActionTime() }]),
    recordText: (text, encoderUrl) =>
      enqueue(async () => {
        const at = nextActionTime();
        const recorded = client.call("recordText", { text, encoderUrl, at });
        track(recorded, () => change("forget", { from: at, to: at }));
        // The first text loads the encoder, which the worker does not wait for.
        await recorded.catch(() => undefined);
      }),
    recordPast: record,
    hide: (item) => enqueue(() => track(change("hide", item), () => change("unhide", item))),
    unhide: (item) => enqueue(() => track(change("unhide", item), () => change("hide", item))),
    dislike: (item) =>
      enqueue(() => track(change("dislike", item), () => change("undislike", item))),
    undislike: (item) =>
      enqueue(() => track(change("undislike", item), () => change("dislike", item))),
    boost: (medoid, factor) =>
      enqueue(async () => {
        await Promise.all(pendingStores);
        const boosted = (await sage.parameters()).find(({ name }) => name === "boosted");
        const marks = (boosted?.value ?? []) as readonly { item: ItemId; factor: number }[];
        const previousFactor = marks.find(({ item }) => item === medoid)?.factor ?? 1;
        track(change("boost", medoid, factor), () => change("boost", medoid, previousFactor));
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
        () => change("forget", forgotten),
        (item) => item === forgotten,
      ),
    import: (bytes) =>
      changeWithBackup(
        () => change("import", bytes),
        () => true,
        () => change("forget", "everything"),
      ),
    export: () => sage.export(),
    forgetEverything: () =>
      enqueue(async () => {
        undoStack.length = 0;
        await change("forget", "everything");
      }),
    undo: () => enqueue(() => undoStack.pop()?.()),
  };
}

/**
 * The controller between the page and the Sage. Data flow one way: an action goes to the Sage, a
 * new `ViewState` comes back, and the page is rendered from it. Actions run one after the other,
 * in the order of the calls.
 */
import { type Action, type ItemId, LIMITS, type Sage } from "pocketsage";
import { ChangeHistory } from "./change-history.js";
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
  const history = new ChangeHistory(onError);
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
    const computed = { ...taste, settings, latencyMs, canUndo: history.canUndo };
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
    return queueEnd.then(() => Promise.all([history.stored(), rendered])).then(ignore, ignore);
  };

  /** Calls a method of the Sage in the order of all calls of the worker. */
  const change = <M extends SageChange>(
    method: M,
    ...args: Parameters<Sage[M]>
  ): Promise<unknown> => client.call("change", method, args);

  const nextActionTime = (): number => {
    lastActionTime = Math.max(Date.now(), lastActionTime + 1);
    return lastActionTime;
  };

  /** Records actions. Their times must be unique, because undo forgets actions by time. */
  const record = (actions: readonly (Action & { at: number })[]): Promise<void> =>
    enqueue(() =>
      history.add(change("record", actions), () =>
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
      await history.stored();
      const allActions = await sage.actions({ count: LIMITS.maxCount });
      const hidden = (await sage.hidden()).filter(affected);
      const actions = allActions.filter(({ item }) => affected(item)).reverse();
      history.add(run(), async () => {
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
        history.add(recorded, () => change("forget", { from: at, to: at }));
        // The first text loads the encoder, which the worker does not wait for.
        await recorded.catch(() => undefined);
      }),
    recordPast: record,
    hide: (item) => enqueue(() => history.add(change("hide", item), () => change("unhide", item))),
    unhide: (item) =>
      enqueue(() => history.add(change("unhide", item), () => change("hide", item))),
    dislike: (item) =>
      enqueue(() => history.add(change("dislike", item), () => change("undislike", item))),
    undislike: (item) =>
      enqueue(() => history.add(change("undislike", item), () => change("dislike", item))),
    boost: (medoid, factor) =>
      enqueue(async () => {
        await history.stored();
        const boosted = (await sage.parameters()).find(({ name }) => name === "boosted");
        const marks = (boosted?.value ?? []) as readonly { item: ItemId; factor: number }[];
        const previousFactor = marks.find(({ item }) => item === medoid)?.factor ?? 1;
        history.add(change("boost", medoid, factor), () => change("boost", medoid, previousFactor));
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
        history.clear();
        await change("forget", "everything");
      }),
    undo: () => enqueue(() => history.undo()),
  };
}

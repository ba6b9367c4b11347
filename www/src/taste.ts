/**
 * The user's taste as the page sees it. One way, no back and forth: a deed goes to the Sage, a fresh `View` comes out, and everything on
 * the page is drawn from the view. Deeds are done one after the other, in the order they were asked for.
 */
import { isSageError } from "pocketsage";
import type { Action, ItemId, Outbound, Profile, Recommendation, Sage } from "pocketsage";

type Place = Awaited<ReturnType<Sage["map"]>>[number];

export interface View {
  profile: Profile;
  picks: readonly Recommendation[];
  map: readonly Place[];
  /** What the next recommendation would send off the device. */
  outbound: readonly Outbound[];
  /** How long profile and recommendations took, there and back through the worker. */
  milliseconds: number;
  canUndo: boolean;
}

/** Everything resolves when it is both seen and stored, or when trouble was told of it. */
export interface Taste {
  look(): Promise<void>;
  act(item: ItemId, kind: "tap" | "save"): Promise<void>;
  /** Several actions of the past at once. */
  recall(actions: readonly { item: ItemId; at: number }[]): Promise<void>;
  hide(item: ItemId): Promise<void>;
  forget(item: ItemId): Promise<void>;
  /** Also forgets what could be undone: after this there is no way back. */
  forgetEverything(): Promise<void>;
  undo(): Promise<void>;
  export(): Promise<Uint8Array>;
  /** Adds a taste exported before to this one. */
  import(bytes: Uint8Array): Promise<void>;
}

/** How many recommendations are shown, and how many deeds can be undone. */
const PICKS = 12;
const UNDOABLE = 50;

/** `never` is not recommended. `show` draws a view. `trouble` hears of a deed that failed; what was done before it stays done. */
export function openTaste(
  sage: Sage,
  never: readonly ItemId[],
  show: (view: View) => void,
  trouble: (error: unknown) => void,
): Taste {
  const wish = { count: PICKS, exclude: never };
  /** How to take back what was done, newest last. */
  const past: (() => Promise<unknown>)[] = [];
  const storing = new Set<Promise<unknown>>();
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let lastAt = 0;

  const look = async (): Promise<void> => {
    const start = performance.now();
    const [profile, picks] = await Promise.all([sage.profile(), sage.recommend(wish)]);
    const milliseconds = performance.now() - start;
    const [map, outbound] = await Promise.all([sage.map(), sage.preview(wish)]);
    show({ profile, picks, map, outbound, milliseconds, canUndo: past.length > 0 });
  };

  /** Does it when everything before it is done, then looks; but of many deeds in a row, only after the last. */
  const inTurn = (deed: () => unknown): Promise<void> => {
    waiting += 1;
    const done = turn.then(deed).catch(trouble);
    turn = done.then(() => ((waiting -= 1) === 0 ? look() : undefined)).catch(trouble);
    return turn.then(() => Promise.all(storing)).then(() => undefined);
  };

  // The view does not wait for the disk: the Sage knows of a change before it is stored, and keeps it when storing fails.
  const change = (deed: Promise<unknown>, undo: () => Promise<unknown>): void => {
    past.push(undo);
    if (past.length > UNDOABLE) past.shift();
    const stored = deed.catch((error: unknown) => {
      // What could not be stored can still be undone; any other failure changed nothing.
      if (!isSageError(error) || error.code !== "storage") past.splice(past.indexOf(undo), 1);
      trouble(error);
    });
    storing.add(stored);
    void stored.then(() => storing.delete(stored));
  };

  /** Actions are taken back by their time, so no two have the same. */
  const record = (actions: readonly (Action & { at: number })[]): Promise<void> =>
    inTurn(() =>
      change(sage.record(actions), () =>
        Promise.all(actions.map(({ at }) => sage.forget({ from: at, to: at }))),
      ),
    );

  /** For what is taken back by what was there before. */
  const changeFrom = (
    deed: () => Promise<unknown>,
    undo: (before: Uint8Array) => Promise<unknown>,
  ): Promise<void> =>
    inTurn(async () => {
      const before = await sage.export();
      change(deed(), () => undo(before));
    });

  return {
    look: () => inTurn(() => undefined),
    act(item, kind) {
      lastAt = Math.max(Date.now(), lastAt + 1);
      return record([{ item, kind, at: lastAt }]);
    },
    recall: (actions) => record(actions.map((action) => ({ ...action, kind: "tap" }))),
    hide: (item) => inTurn(() => change(sage.hide(item), () => sage.forget(item))),
    forget: (item) =>
      changeFrom(
        () => sage.forget(item),
        (before) => sage.import(before),
      ),
    import: (bytes) =>
      changeFrom(
        () => sage.import(bytes),
        (before) => Promise.all([sage.forget("everything"), sage.import(before)]),
      ),
    export: () => sage.export(),
    forgetEverything: () =>
      inTurn(async () => {
        past.length = 0;
        await sage.forget("everything");
      }),
    undo: () => inTurn(() => past.pop()?.()),
  };
}

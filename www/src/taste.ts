/**
 * The user's taste as the page sees it. One way, no back and forth: a deed goes to the Sage, a fresh `View` comes out, and everything on the
 * page is drawn from the view. Deeds are done one after the other, in the order they were asked for.
 */
import { isSageError } from "pocketsage";
import type { Action, ItemId, Outbound, Profile, Recommendation, Sage } from "pocketsage";

export type Place = Awaited<ReturnType<Sage["map"]>>[number];

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
export function openTaste(sage: Sage, never: readonly ItemId[], show: (view: View) => void, trouble: (error: unknown) => void): Taste {
  const wish = { count: PICKS, exclude: never };
  /** How to take back what was done, newest last. */
  const past: (() => Promise<unknown>)[] = [];
  let turn: Promise<void> = Promise.resolve();
  let lastAt = 0;

  const inTurn = (deed: () => Promise<void>): Promise<void> => (turn = turn.then(deed).catch(trouble));

  const look = async (): Promise<void> => {
    const start = performance.now();
    const [profile, picks] = await Promise.all([sage.profile(), sage.recommend(wish)]);
    const milliseconds = performance.now() - start;
    const [map, outbound] = await Promise.all([sage.map(), sage.preview(wish)]);
    show({ profile, picks, map, outbound, milliseconds, canUndo: past.length > 0 });
  };

  // The view need not wait for the disk: the Sage knows of an action before it is stored, and keeps it when storing fails.
  const change = async (deed: Promise<unknown>, undo: () => Promise<unknown>): Promise<void> => {
    const outcome = deed.then(() => undefined, (error: unknown) => ({ error }));
    past.push(undo);
    if (past.length > UNDOABLE) past.shift();
    await look();
    const failure = await outcome;
    if (failure === undefined) return;
    // What could not be stored is still in memory, and can be undone; any other failure changed nothing.
    if (!isSageError(failure.error) || failure.error.code !== "storage") past.splice(past.indexOf(undo), 1);
    throw failure.error;
  };

  /** Actions are taken back by their time, so no two have the same. */
  const record = (actions: readonly (Action & { at: number })[]): Promise<void> =>
    inTurn(() => change(sage.record(actions), () => Promise.all(actions.map(({ at }) => sage.forget({ from: at, to: at })))));

  return {
    look: () => inTurn(look),
    act(item, kind) {
      lastAt = Math.max(Date.now(), lastAt + 1);
      return record([{ item, kind, at: lastAt }]);
    },
    recall: (actions) => record(actions.map((action) => ({ ...action, kind: "tap" }))),
    hide: (item) => inTurn(() => change(sage.hide(item), () => sage.forget(item))),
    forget: (item) =>
      inTurn(async () => {
        const before = await sage.export();
        await change(sage.forget(item), () => sage.import(before));
      }),
    import: (bytes) =>
      inTurn(async () => {
        const before = await sage.export();
        await change(sage.import(bytes), () => sage.forget("everything").then(() => sage.import(before)));
      }),
    export: () => sage.export(),
    forgetEverything: () =>
      inTurn(async () => {
        await sage.forget("everything");
        past.length = 0;
        await look();
      }),
    undo: () =>
      inTurn(async () => {
        await past.pop()?.();
        await look();
      }),
  };
}

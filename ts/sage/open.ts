/** `openSage`: a sage that is released while it is not used, and restored from its store. */
import { trackUse, untrack } from "../core/budget.js";
import { init } from "../core/glue.js";
import { SageError } from "../errors.js";
import { addListener } from "../values/listeners.js";
import { checkSettings, type Settings } from "./options.js";
import { openResident, type Resident } from "./sage.js";
import type { Sage, SageOptions } from "./types.js";

/**
 * The state behind the sage object that `openSage` returns. The memory budget refers to this state
 * too, so it must not refer to the sage object: a sage that is dropped without `close` can then be
 * garbage-collected.
 */
interface Cell {
  readonly settings: Settings;
  /** The sage in memory; undefined while it is released, and after `close`. */
  loadedSage: Resident | undefined;
  /** The read of the store that is under way; all calls that need the sage await it. */
  opening: Promise<Resident> | undefined;
  /** Number of method calls that have not finished. */
  calls: number;
  isClosed: boolean;
  /** Frees the sage in memory; its next method call reads the store again. */
  readonly release: () => void;
}

/**
 * Frees the memory of garbage-collected sages. Without FinalizationRegistry, the memory budget
 * frees it later.
 */
const finalizers =
  "FinalizationRegistry" in globalThis
    ? new FinalizationRegistry<() => void>((release) => {
        untrack(release);
        release();
      })
    : undefined;

/**
 * Open a sage: load the wasm, validate the options, and restore the log from the store. An empty
 * store starts an empty log.
 *
 * All sages of an isolate share a memory budget (`setMemoryBudget`). One that exceeded it reads its
 * store again in its next call, which can then reject like this function.
 *
 * Rejects with a SageError: "option" or "not-finite" for an invalid option, "dimension" if `dim`,
 * the catalogue and the stored vectors disagree, "not-ready" if the wasm cannot be loaded,
 * "storage" if the store fails, "corrupt" or "version" if its bytes cannot be decoded. The store is
 * left unchanged, unless `unreadable: "set-aside"` applies.
 */
export async function openSage(options: SageOptions): Promise<Sage> {
  await init();
  const cell = createCell(checkSettings(options));
  const { methods } = await loadSage(cell);
  const sage = { [Symbol.asyncDispose]: () => callMethod(cell, "close", []) } as Sage;
  for (const method of Object.keys(methods) as (keyof typeof methods)[])
    sage[method] = (...args: never[]) => callMethod<never>(cell, method, args);
  sage.subscribe = (listener) => {
    const unsubscribe = addListener(cell.settings.listeners, listener);
    // Any call loads the sage, which then stays loaded, because it has a listener.
    callMethod(cell, "hidden", []).catch(() => undefined);
    return unsubscribe;
  };
  finalizers?.register(sage, cell.release);
  trackIdle(cell);
  return sage;
}

/**
 * A separate function, because closures of one scope keep alive the variables of all of them:
 * within `openSage`, `release` would keep the sage object alive.
 */
function createCell(settings: Settings): Cell {
  const cell: Cell = {
    settings,
    loadedSage: undefined,
    opening: undefined,
    calls: 0,
    isClosed: false,
    release: () => {
      // A sage that is garbage-collected during a call is released by the budget after the call.
      if (cell.calls) return;
      cell.loadedSage?.release();
      cell.loadedSage = undefined;
    },
  };
  return cell;
}

/** Resolves to the sage in memory; reads it from the store if it was released. */
async function loadSage(cell: Cell): Promise<Resident> {
  if (cell.loadedSage) return cell.loadedSage;
  cell.opening ??= openResident(cell.settings).finally(() => (cell.opening = undefined));
  cell.loadedSage = await cell.opening;
  return cell.loadedSage;
}

async function callMethod<T>(
  cell: Cell,
  method: keyof Resident["methods"],
  args: never[],
): Promise<T> {
  const isClose = method === "close";
  if (isClose && !cell.loadedSage && !cell.opening) cell.isClosed = true;
  if (cell.isClosed) {
    if (isClose) return undefined as T;
    throw new SageError("closed", "This sage was closed: open it again with openSage.");
  }
  untrack(cell.release);
  cell.calls += 1;
  try {
    const { methods } = await loadSage(cell);
    const value = await (methods[method] as (...given: never[]) => Promise<unknown>)(...args);
    return value as T;
  } finally {
    // `close` closes the sage even if the last changes could not be saved.
    if (isClose) {
      cell.isClosed = true;
      cell.loadedSage = undefined;
    }
    cell.calls -= 1;
    trackIdle(cell);
  }
}

/**
 * Lets the memory budget release the sage, unless a call is running, changes are unsaved, or it has
 * listeners: a released sage does not follow its store.
 */
function trackIdle({ calls, loadedSage, release, settings }: Cell): void {
  if (calls + settings.listeners.size === 0 && loadedSage?.isSaved())
    trackUse(release, loadedSage.bytes());
}

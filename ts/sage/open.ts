/** `openSage`: a sage that is released while it is not used, and restored from its store. */
import { trackUse, untrack } from "../core/budget.js";
import { init } from "../core/glue.js";
import { SageError } from "../errors.js";
import { checkSettings, type Settings } from "./options.js";
import { openResident, type Resident } from "./sage.js";
import type { Sage, SageOptions } from "./types.js";

/**
 * What a sage refers to. The list of what memory keeps refers to it too, so it must not refer to
 * the sage: a sage that is dropped without `close` can be collected.
 */
interface Cell {
  readonly settings: Settings;
  /** Undefined while the sage is released, and after `close`. */
  resident: Resident | undefined;
  /** Reads the store, for all calls that need the resident. */
  opening: Promise<Resident> | undefined;
  /** Number of calls under way. */
  calls: number;
  isClosed: boolean;
  /** Frees the resident. */
  readonly release: () => void;
}

/** Releases the cells of collected sages. Without it, the budget releases them later. */
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
  const { methods } = await residentOf(cell);
  const sage = { [Symbol.asyncDispose]: () => call(cell, "close", []) } as Sage;
  for (const method of Object.keys(methods) as (keyof typeof methods)[])
    sage[method] = (...args: never[]) => call<never>(cell, method, args);
  finalizers?.register(sage, cell.release);
  keepIdle(cell);
  return sage;
}

/** A function of its own: `release` would else keep alive what other closures of its scope use. */
function createCell(settings: Settings): Cell {
  const cell: Cell = {
    settings,
    resident: undefined,
    opening: undefined,
    calls: 0,
    isClosed: false,
    release: () => {
      cell.resident?.release();
      cell.resident = undefined;
    },
  };
  return cell;
}

/** The resident, which is read from the store if it was released. */
async function residentOf(cell: Cell): Promise<Resident> {
  if (cell.resident) return cell.resident;
  cell.opening ??= openResident(cell.settings).finally(() => (cell.opening = undefined));
  return (cell.resident ??= await cell.opening);
}

async function call<T>(cell: Cell, method: keyof Resident["methods"], args: never[]): Promise<T> {
  const isClose = method === "close";
  if (isClose && !cell.resident && !cell.opening) cell.isClosed = true;
  if (cell.isClosed) {
    if (isClose) return undefined as T;
    throw new SageError("closed", "This sage was closed: open it again with openSage.");
  }
  untrack(cell.release);
  cell.calls += 1;
  try {
    const { methods } = await residentOf(cell);
    const value = await (methods[method] as (...given: never[]) => Promise<unknown>)(...args);
    return value as T;
  } finally {
    // Also if the last changes could not be saved.
    if (isClose) [cell.isClosed, cell.resident] = [true, undefined];
    cell.calls -= 1;
    keepIdle(cell);
  }
}

/** Leaves the resident to the budget, unless it is in use, or only memory has its changes. */
function keepIdle({ calls, resident, release }: Cell): void {
  if (calls === 0 && resident?.isSaved()) trackUse(release, resident.bytes());
}

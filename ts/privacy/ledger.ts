/**
 * What was released about a user, and what it cost. The state is a set of entries with random ids:
 * merging devices is a union, so that costs add up and no import counts twice.
 *
 * A released set is kept with its true cell, and released again at no cost (a permanent response,
 * as in RAPPOR). So the state is as confidential as the history; it stays on the device.
 */
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Store } from "../store/store.js";
import { toHex } from "../values/bytes.js";
import { inspect, isItemId } from "../values/check.js";
import { LIMITS } from "../values/limits.js";
import { MAX_CELLS } from "./cells/format.js";
import { randomBytes } from "./random.js";
import { MAX_EPSILON } from "./subset.js";

const FORMAT = "pocketsage-privacy";
const VERSION = 1;
const ID_BYTES = 8;
const MAX_ENTRIES = 100_000;

/** A released set. Without a `cell` it is a dummy, drawn uniformly, and costs nothing. */
export interface Release {
  readonly id: string;
  /** Number of the epoch of the first release. */
  readonly epoch: number;
  /** Cost of the release; 0 for a dummy. */
  readonly epsilon: number;
  /** SHA-256 of the codebook, 64 hexadecimal digits. */
  readonly codebook: string;
  readonly cell?: number;
  /** Released cells, ascending. */
  readonly set: readonly number[];
}

/** Items sent in an epoch, by the modes `anchors` and `medoids`. */
export interface FrozenItems {
  readonly id: string;
  readonly epoch: number;
  readonly mode: string;
  readonly items: readonly ItemId[];
}

/** All that a device stores about its releases. */
export interface PrivacyState {
  readonly releases: readonly Release[];
  readonly frozen: readonly FrozenItems[];
  /** Items that were ever in the history: no anchors. */
  readonly never: readonly ItemId[];
}

/** The cost so far. */
export interface LedgerReport {
  /** Sum over all releases, of all merged devices. */
  readonly lifetime: number;
  /** The largest sum that is allowed; Infinity if releases cost nothing. */
  readonly cap: number;
  /** Epsilon of each epoch with a release that cost something. */
  readonly epochs: readonly { readonly epoch: number; readonly epsilon: number }[];
  /** Whether the next release would exceed the cap: dummies are sent instead. */
  readonly isSpent: boolean;
}

const EMPTY_STATE: PrivacyState = { releases: [], frozen: [], never: [] };

/** A random id of an entry. */
export function newId(): string {
  return toHex(randomBytes(ID_BYTES));
}

/** The union of two states: commutative, associative and idempotent. */
function mergeStates(a: PrivacyState, b: PrivacyState): PrivacyState {
  return {
    releases: unionById(a.releases, b.releases),
    frozen: unionById(a.frozen, b.frozen),
    never: [...new Set([...a.never, ...b.never])].sort(),
  };
}

/**
 * The union of two lists of entries, in order of epoch, then id: equal sets have equal bytes, and
 * the oldest entry comes first.
 */
function unionById<T extends { readonly id: string; readonly epoch: number }>(
  a: readonly T[],
  b: readonly T[],
): T[] {
  const byId = new Map([...a, ...b].map((entry) => [entry.id, entry]));
  return [...byId.values()].sort((x, y) => x.epoch - y.epoch || (x.id < y.id ? -1 : 1));
}

/** Sum of all costs. */
export function lifetimeOf({ releases }: PrivacyState): number {
  return releases.reduce((sum, { epsilon }) => sum + epsilon, 0);
}

/** The costs by epoch. `next`: the cost of one more release. */
export function reportOf(state: PrivacyState, cap: number, next: number): LedgerReport {
  const epochs = new Map<number, number>();
  for (const { epoch, epsilon } of state.releases)
    if (epsilon > 0) epochs.set(epoch, (epochs.get(epoch) ?? 0) + epsilon);
  const lifetime = lifetimeOf(state);
  return {
    lifetime,
    cap,
    epochs: Array.from(epochs, ([epoch, epsilon]) => ({ epoch, epsilon })),
    isSpent: next > 0 && lifetime + next > cap,
  };
}

/** The state as JSON in UTF-8. */
export function encodeState(state: PrivacyState): Uint8Array<ArrayBuffer> {
  const { releases, frozen, never } = mergeStates(EMPTY_STATE, state);
  return new TextEncoder().encode(
    `${JSON.stringify({ format: FORMAT, version: VERSION, releases, frozen, never })}\n`,
  );
}

/** Reads a state. Throws code "corrupt", or "version" for a newer format. */
export function decodeState(bytes: Uint8Array): PrivacyState {
  let value: Partial<Record<string, unknown>> | null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text) as typeof value;
  } catch (cause) {
    throw corrupt("no JSON in UTF-8", cause);
  }
  if (typeof value !== "object" || value === null || value.format !== FORMAT)
    throw corrupt(`expected the format ${FORMAT}`);
  if (typeof value.version === "number" && value.version > VERSION)
    throw new SageError(
      "version",
      `The ledger has version ${value.version}; this package reads ${VERSION}: update the package.`,
    );
  const { version, releases, frozen, never } = value;
  if (version !== VERSION) throw corrupt(`version ${inspect(version)}`);
  if (!isList(releases, isRelease)) throw corrupt("its releases are invalid");
  if (!isList(frozen, isFrozen)) throw corrupt("its frozen items are invalid");
  if (!isList(never, isItemId)) throw corrupt("its items are invalid");
  return mergeStates(EMPTY_STATE, { releases, frozen, never });
}

function corrupt(problem: string, cause?: unknown): SageError {
  const remedy = "Nothing is sent. Import an export of the ledger, or clear its store.";
  return new SageError("corrupt", `The ledger cannot be read: ${problem}. ${remedy}`, { cause });
}

function isList<T>(value: unknown, isEntry: (entry: unknown) => entry is T): value is T[] {
  return Array.isArray(value) && value.length <= MAX_ENTRIES && value.every(isEntry);
}

const isWholeNumber = (value: unknown, max: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max;
const isHex = (value: unknown, digits: number): boolean =>
  typeof value === "string" && value.length === digits && /^[0-9a-f]*$/.test(value);

function isEntry(value: unknown): value is { id: string; epoch: number } {
  const { id, epoch } = (value ?? {}) as Partial<Record<string, unknown>>;
  return isHex(id, 2 * ID_BYTES) && isWholeNumber(epoch, Number.MAX_SAFE_INTEGER);
}

function isRelease(value: unknown): value is Release {
  if (!isEntry(value)) return false;
  const { epsilon, codebook, cell, set } = value as Partial<Release>;
  return (
    typeof epsilon === "number" &&
    epsilon >= 0 &&
    epsilon <= MAX_EPSILON &&
    (cell === undefined ? epsilon === 0 : isWholeNumber(cell, MAX_CELLS - 1)) &&
    isHex(codebook, 64) &&
    Array.isArray(set) &&
    set.every(
      (one, index) => isWholeNumber(one, MAX_CELLS - 1) && (index === 0 || one > set[index - 1]),
    )
  );
}

function isFrozen(value: unknown): value is FrozenItems {
  if (!isEntry(value)) return false;
  const { mode, items } = value as Partial<Record<string, unknown>>;
  return (
    typeof mode === "string" &&
    Array.isArray(items) &&
    items.length <= LIMITS.maxCount &&
    items.every(isItemId)
  );
}

/** The stored ledger of one device. */
export interface StoredLedger {
  /** The state as last read or written. */
  current(): PrivacyState;
  /**
   * Reads the store, adds `entries` and writes the union. Rejects with code "storage" if the store
   * fails or has lost entries that this device wrote before: then nothing may be sent. Items of
   * epochs before `epoch` are deleted, because a release is repeated only within its epoch.
   */
  add(entries: Partial<PrivacyState>, epoch?: number): Promise<PrivacyState>;
}

/** Opens the ledger in a store of its own. Rejects with code "corrupt" or "storage". */
export async function openLedger(store: Store): Promise<StoredLedger> {
  /** Calls the store, whose errors become "storage"; also of one that throws, or is synchronous. */
  const attempt = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (cause) {
      if (cause instanceof SageError) throw cause;
      const message = "The ledger's store failed, so nothing was sent. Check the store.";
      throw new SageError("storage", message, { cause });
    }
  };
  const storedBytes = await attempt(() => store.load());
  let state = storedBytes ? decodeState(storedBytes) : EMPTY_STATE;
  const merge = (
    bytes: Uint8Array | undefined,
    entries: Partial<PrivacyState>,
    epoch: number,
  ): PrivacyState => {
    const storedState = bytes ? decodeState(bytes) : EMPTY_STATE;
    const union = mergeStates(storedState, { ...EMPTY_STATE, ...entries });
    const merged = { ...union, frozen: union.frozen.filter((one) => one.epoch >= epoch) };
    const ids = new Set(merged.releases.map(({ id }) => id));
    const lostReleases = state.releases.filter(({ id }) => !ids.has(id)).length;
    if (lostReleases === 0) return merged;
    throw new SageError(
      "storage",
      `The ledger went backwards: its store lost ${lostReleases} releases. Nothing was sent. ` +
        "Import an export of the ledger, or open it again after an erasure.",
    );
  };
  return {
    current: () => state,
    async add(entries, epoch = 0) {
      if (store.update) {
        const bytes = await attempt(() =>
          store.update!((current) => encodeState(merge(current, entries, epoch))),
        );
        state = decodeState(bytes);
        return state;
      }
      const merged = merge(await attempt(() => store.load()), entries, epoch);
      await attempt(() => store.save(encodeState(merged)));
      state = merged;
      return state;
    },
  };
}

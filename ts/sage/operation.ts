/**
 * The operations a log is made of. Each has an id that is unique over all devices: a Lamport
 * counter, one more than the largest counter its device had seen, and the id of that device. Once
 * written, an operation never changes.
 */
import { withCore } from "../core/glue.js";
import type { ItemId } from "../item.js";
import { toHex, uint32ToHex } from "../values/bytes.js";
import type { InSpace } from "../values/space.js";

/** The id of an operation. Its order is consistent with causality. */
export interface Stamp {
  /** A whole number of at least 1; 0 for operations of format version 1. */
  counter: number;
  /** 16 hexadecimal digits: random, or a hash of the content in format version 1. */
  device: string;
}

/** The fields of an action as validated, before it has an id. */
export interface ActionFields {
  readonly item: ItemId;
  /** Milliseconds since the epoch, finite. */
  readonly at: number;
  readonly weight?: number;
  readonly kind?: string;
  readonly vector?: Float32Array;
}

/** An operation that a deletion can remove. */
interface Removable extends Stamp {
  readonly item: ItemId;
  /** The deletions that match the operation and precede it: they leave it in place. */
  after?: readonly Stamp[];
}

/**
 * A recorded action. Defaults are not filled in: the weight of a kind and the vector of a catalogue
 * item are looked up when a profile is built.
 */
export interface Entry extends ActionFields, Removable {
  readonly item: ItemId;
}

/**
 * A mark of an item. Without `factor` it hides the item; with it, the importance of the interest
 * that has the item is multiplied by `factor`, in [0, 1e6]: 0 mutes it, 1 ends earlier marks.
 */
export interface Mark extends Removable {
  readonly factor?: number;
}

/** What a tombstone deletes. Item ids are hashed with a random salt of the deleting device. */
export type Target =
  /** Actions and marks of one item; with `unhide` or `undislike`, its hides or its dislikes. */
  | {
      readonly salt: string;
      readonly hash: string;
      readonly unhide?: true;
      readonly undislike?: true;
    }
  /** Actions with from <= at <= to; null is no limit. */
  | { readonly from: number | null; readonly to: number | null }
  /** Everything, and the tombstones of `after`, which it replaces. */
  | { readonly all: true; after?: readonly Stamp[] };

/** Deletes what it matches, unless the operation is recorded after it. */
export type Tombstone = Stamp & {
  /** Time of the deletion, in milliseconds since the epoch. */
  readonly time: number;
} & Target;

/** An operation to which {@link Log.issue} gives an id. */
export type Operation = Entry | Mark | Tombstone;

/** The content of a log, in any order: a whole log, or only what is new in it. */
export interface LogData extends InSpace {
  readonly entries: readonly Entry[];
  readonly marks: readonly Mark[];
  readonly tombstones: readonly Tombstone[];
}

/** Whether an action counts against items like its own. */
export const isDislike = ({ weight = 1 }: { readonly weight?: number }): boolean => weight < 0;

/** The items of dislikes, each once, in the order of recording. */
export function dislikedItems({ entries }: Pick<LogData, "entries">): ItemId[] {
  return [...new Set(entries.filter(isDislike).map(({ item }) => item))];
}

export const isEntry = (operation: object): operation is Entry => "at" in operation;
export const isTombstone = (operation: object): operation is Tombstone => "time" in operation;

/** Ascending by counter, then by device. */
export const compareStamps = (a: Stamp, b: Stamp): number =>
  a.counter - b.counter || compareCodeUnits(a.device, b.device);

export const idOf = ({ counter, device }: Stamp): string => `${counter} ${device}`;

/** The order of actions: by id; those of version 1, which have no counter, by time. */
export const compareEntries = (a: Entry, b: Entry): number =>
  a.counter - b.counter || a.at - b.at || compareCodeUnits(a.device, b.device);

/** Compares strings by UTF-16 code units: the same order on every device. */
function compareCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether one of the stamps is of the same device as `stamp` and not older. */
export function isCovered(stamp: Stamp, stamps: readonly Stamp[] = []): boolean {
  return stamps.some(({ counter, device }) => device === stamp.device && counter >= stamp.counter);
}

/** Random bytes as hexadecimal digits. */
export function randomHex(byteCount: number): string {
  return toHex(crypto.getRandomValues(new Uint8Array(byteCount)));
}

/** A 64-bit hash as 16 hexadecimal digits: two checksums of 32 bits. Not cryptographic. */
export function hashText(text: string): string {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const hashHalf = (last: number): string => {
    bytes[bytes.length - 1] = last;
    return uint32ToHex(withCore((core) => core.checksum(bytes)));
  };
  return hashHalf(0) + hashHalf(1);
}

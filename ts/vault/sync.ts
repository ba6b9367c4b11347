/**
 * `sync`: devices exchange their logs through a store of sealed blobs, one a device.
 *
 * A blob is one record (cipher.ts) whose list has the name of the device, so that it opens under no
 * other name. Its plaintext: the length of the log as u32 (little-endian), the log, zeros.
 */
import { asSageError, isSageError, SageError } from "../errors.js";
import type { Sage } from "../sage/types.js";
import { fromHex, sameBytes, toHex } from "../values/bytes.js";
import {
  checkAbort,
  checkKeys,
  checkMethods,
  inspect,
  toBytes,
  unexpected,
} from "../values/check.js";
import {
  type Cipher,
  corrupt,
  createCipher,
  newChain,
  RECORD_OVERHEAD_BYTES,
  randomBytes,
} from "./cipher.js";
import { blobBytesFor, isDeviceName, SYNC_LIMITS, SYNC_MAGIC } from "./sync-blob.js";
import type { BlobStore, SyncOptions, SyncReport } from "./types.js";

const WHERE = "sync";
const LENGTH_BYTES = 4;

/**
 * Merges the logs of all devices into the sage and writes its own log under the name of the device,
 * unless the blob store has it already. Merging is a union, deletions win, so lost, repeated and
 * stale blobs delay but do not change what devices converge to: all have the same log after each
 * has synced, and then each again, without changes or faults in between. The limits of a sage
 * (`maxActions`, `maxAgeDays`) apply to what it merges.
 *
 * The blob store gets names of devices (random), sealed bytes in lengths that are powers of two (at
 * least 4,096), and the salt of the passphrase. It sees when which device syncs, and it can
 * withhold blobs or serve earlier ones; it cannot alter them unnoticed.
 *
 * Rejects "option" for an invalid option, and if there are blobs but none opens (the secret is
 * wrong, or all are damaged): then nothing was written. "storage" if a store fails, "aborted" by
 * the signal, and as `sage.export`.
 */
export async function sync(
  sage: Pick<Sage, "export" | "import">,
  blobs: BlobStore,
  options: SyncOptions,
): Promise<SyncReport> {
  checkMethods(`${WHERE}: sage`, sage, ["export", "import"]);
  checkMethods(`${WHERE}: blobs`, blobs, ["list", "get", "put"]);
  checkKeys(WHERE, options, ["key", "passphrase", "device", "signal"]);
  const { device = toHex(randomBytes(16)), signal, ...secret } = options;
  if (!isDeviceName(device))
    throw unexpected(
      `${WHERE}: device`,
      "32 hexadecimal digits, as in the report of the first call",
      device,
    );
  const cipher = createCipher(WHERE, SYNC_MAGIC, secret);
  checkAbort(signal);
  const { logs, unreadable, failure } = await readBlobs(blobs, cipher, signal);
  if (failure && logs.size === 0) throw failure;
  for (const [name, log] of logs) {
    checkAbort(signal);
    // The own log, too: after `clear` of the local store it is a backup.
    const isRead = await sage.import(log).then(() => true, unlessUnreadable);
    if (!isRead) unreadable.push(name);
  }
  checkAbort(signal);
  const log = await sage.export();
  const isWritten = !sameBytes(log, logs.get(device));
  if (isWritten) {
    const { bytes } = await cipher.seal(pad(log), newChain(fromHex(device)));
    checkAbort(signal);
    await call(() => blobs.put(device, bytes, signal), signal);
  }
  return { device, devices: new Set([...logs.keys(), device]).size, isWritten, unreadable };
}

/** The logs of all blobs that open, by name; the names of others, and why the first does not. */
async function readBlobs(
  blobs: BlobStore,
  cipher: Cipher,
  signal: AbortSignal | undefined,
): Promise<{ logs: Map<string, Uint8Array>; unreadable: string[]; failure?: unknown }> {
  const blobList: unknown = await call(() => blobs.list(signal), signal);
  if (typeof blobList !== "object" || blobList === null || !(Symbol.iterator in blobList))
    throw new SageError(
      "storage",
      `${WHERE}: blobs.list: expected a list of names, saw ${inspect(blobList)}.`,
    );
  const names = [...new Set(blobList as Iterable<unknown>)].filter(isDeviceName).sort();
  if (names.length > SYNC_LIMITS.maxBlobs)
    throw new SageError(
      "option",
      `${WHERE}: ${names.length} blobs, expected at most ${SYNC_LIMITS.maxBlobs}: delete those ` +
        "of devices that are no longer used, and pass `device` so that each has one.",
    );
  const logs = new Map<string, Uint8Array>();
  const unreadable: string[] = [];
  let failure: unknown;
  for (const name of names) {
    checkAbort(signal);
    const value = await call(() => blobs.get(name, signal), signal);
    // Deleted since it was listed.
    if (value === undefined || value === null) continue;
    try {
      const bytes = toBytes(value) ?? new Uint8Array();
      const { plain } = await cipher.open(bytes, newChain(fromHex(name)));
      logs.set(name, unpad(plain));
    } catch (error) {
      failure ??= error;
      unreadable.push(name);
    }
  }
  return { logs, unreadable, failure };
}

/** False for a log that this sage cannot read, such as one of a newer version. */
function unlessUnreadable(error: unknown): false {
  if (isSageError(error) && ["corrupt", "version", "dimension"].includes(error.code)) return false;
  throw error;
}

function pad(log: Uint8Array): Uint8Array {
  const total = blobBytesFor(LENGTH_BYTES + log.length);
  const plain = new Uint8Array(total - RECORD_OVERHEAD_BYTES);
  new DataView(plain.buffer).setUint32(0, log.length, true);
  plain.set(log, LENGTH_BYTES);
  return plain;
}

function unpad(plain: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = plain;
  const logBytes =
    length < LENGTH_BYTES ? length : new DataView(buffer, byteOffset).getUint32(0, true);
  if (logBytes > length - LENGTH_BYTES) throw corrupt(WHERE, "its length is wrong");
  return plain.subarray(LENGTH_BYTES, LENGTH_BYTES + logBytes);
}

/** Runs a call of the blob store; its errors become "storage", or "aborted" by the signal. */
async function call<T>(run: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await run();
  } catch (error) {
    checkAbort(signal);
    throw asSageError(error, "storage", `${WHERE}: the blob store failed; sync again`);
  }
}

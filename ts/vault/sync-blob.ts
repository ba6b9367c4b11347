/** The outer form of a blob of `sync`, as far as a server of blobs can check it. */
import { toBytes } from "../values/check.js";
import { isRecord, RECORD_OVERHEAD_BYTES, recordLength } from "./cipher.js";

export const SYNC_MAGIC = "sage.syn";

/** Limits of the blobs of one user, for `sync` and for servers that keep them. */
export const SYNC_LIMITS = {
  /** The smallest length class in bytes; each class is twice the one before it. */
  minBlobBytes: 4096,
  /** The largest length class that the Worker in `edge/` keeps. */
  maxBlobBytes: 16 << 20,
  /** Number of blobs: one a device. */
  maxBlobs: 100,
} as const;

const DEVICE_NAME = /^[0-9a-f]{32}$/;

/** Whether `name` is 32 hexadecimal digits in lower case, as names of devices and blobs are. */
export function isDeviceName(name: unknown): name is string {
  return typeof name === "string" && DEVICE_NAME.test(name);
}

/**
 * Whether bytes look like a blob of `sync` from outside: magic, version, a head that states their
 * length, and a length class. For servers of blobs, which can refuse a log in clear and lengths
 * that disclose more than a class. Whether the rest is ciphertext only a device can check.
 */
export function isSyncBlob(bytes: Uint8Array): boolean {
  // A view of Node or of another realm is one, too.
  const blob = toBytes(bytes);
  return blob !== undefined && hasBlobForm(blob);
}

function hasBlobForm(bytes: Uint8Array): boolean {
  const { length } = bytes;
  return (
    length >= SYNC_LIMITS.minBlobBytes &&
    length === classOf(length) &&
    isRecord(bytes, SYNC_MAGIC) &&
    recordLength(bytes) === length
  );
}

/** The length of the blob of a log: the smallest class that holds `logBytes` bytes and a head. */
export function blobBytesFor(logBytes: number): number {
  return classOf(RECORD_OVERHEAD_BYTES + logBytes);
}

function classOf(bytes: number): number {
  return Math.max(SYNC_LIMITS.minBlobBytes, 2 ** Math.ceil(Math.log2(bytes)));
}

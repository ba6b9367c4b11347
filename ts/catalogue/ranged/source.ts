/** Sources of the bytes of a catalogue: files, blobs and buckets. Web servers: http.ts. */
import { SageError } from "../../errors.js";
import { inspect, unexpected } from "../../values/check.js";
import { checkSourceName } from "./check-search.js";

/** Options of a read. */
export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Whether to bypass HTTP caches, because the hash of an earlier read did not match. */
  fresh?: boolean;
}

/**
 * Reads ranges of bytes of one `.sage` file. Implement it to read from anywhere; `httpSource`,
 * `fileSource`, `blobSource` and `bucketSource` are given.
 */
export interface RangeSource {
  /** The file in messages and in keys of caches: a URL or a path. */
  readonly name: string;
  /**
   * Resolves to exactly `length` bytes from byte `offset` on. Rejects with code "retrieval" if they
   * cannot be read, "aborted" once the signal fires.
   */
  read(offset: number, length: number, options: ReadOptions): Promise<Uint8Array>;
  /** The whole file, for a source or a file without ranges. */
  readWhole(options: ReadOptions): Promise<ReadableStream<Uint8Array>>;
}

/** Requests and bytes read from a source so far. */
export interface ReadTraffic {
  requests: number;
  bytes: number;
}

/** Thrown by the first read of a source that serves no ranges: `body` is the whole file. */
export class NoRanges {
  readonly body: ReadableStream<Uint8Array> | null;
  /** Whether the server states that the body is a web page. */
  readonly isPage: boolean;

  constructor(body: ReadableStream<Uint8Array> | null, isPage = false) {
    this.body = body;
    this.isPage = isPage;
  }
}

/** A read that failed, and that may succeed if it is repeated. */
export class TransientError extends SageError {
  /** The wait that the server states, in milliseconds. */
  readonly waitMs: number | undefined;

  constructor(message: string, waitMs?: number, cause?: unknown) {
    super("retrieval", message, { cause });
    this.waitMs = waitMs;
  }
}

/** A `FileHandle` of Node, as `open` of `node:fs/promises` returns it. */
export interface FileHandleLike {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
  stat(): Promise<{ size: number }>;
}

/**
 * Reads from an open file of Node, which remains the caller's to close. `name` is that of the file
 * in messages. Default: "file".
 */
export function fileSource(file: FileHandleLike, name = "file"): RangeSource {
  checkSourceName(name);
  if (typeof file?.read !== "function" || typeof file.stat !== "function")
    throw new SageError(
      "option",
      `fileSource: expected a FileHandle (\`await open(path)\`), saw ${inspect(file)}.`,
    );
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    let end = 0;
    while (end < length) {
      const { bytesRead } = await file.read(bytes, end, length - end, offset + end);
      if (bytesRead === 0) throw tooShort(name, offset, length, end);
      end += bytesRead;
    }
    return bytes;
  };
  return {
    name,
    read,
    readWhole: async () => streamOf(read, (await file.stat()).size),
  };
}

/** Reads from a Blob or File, such as a file of a user or of the origin private file system. */
export function blobSource(blob: Blob, name = "blob"): RangeSource {
  checkSourceName(name);
  if (typeof blob?.slice !== "function" || typeof blob.stream !== "function")
    throw unexpected("blobSource", "a Blob", blob);
  return {
    name,
    read: async (offset, length) => {
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (bytes.length !== length) throw tooShort(name, offset, length, bytes.length);
      return bytes;
    },
    readWhole: async () => blob.stream(),
  };
}

/** The methods of an R2 bucket of Cloudflare Workers that are used. */
export interface BucketLike {
  get(
    key: string,
    options?: { range?: { offset: number; length: number } },
  ): Promise<BucketObject | null>;
}

/** An object of a bucket. */
export interface BucketObject {
  readonly etag: string;
  readonly size: number;
  readonly body: ReadableStream<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * Reads the object `key` of an R2 bucket, in a Worker. A read of another version of the object than
 * the first read's rejects with code "retrieval".
 */
export function bucketSource(bucket: BucketLike, key: string): RangeSource {
  if (typeof bucket?.get !== "function") throw unexpected("bucketSource", "an R2 bucket", bucket);
  checkSourceName(key);
  const name = `bucket:${key}`;
  let etag: string | undefined;
  const get = async (range?: { offset: number; length: number }): Promise<BucketObject> => {
    const object = await bucket.get(key, range && { range });
    if (!object)
      throw new SageError(
        "retrieval",
        `${name}: the bucket has no object of this key: upload it, or correct the key.`,
      );
    etag ??= object.etag;
    if (object.etag === etag) return object;
    await object.body?.cancel().catch(() => undefined);
    throw replaced(name, etag, object.etag);
  };
  return {
    name,
    read: async (offset, length) => {
      const bytes = new Uint8Array(await (await get({ offset, length })).arrayBuffer());
      if (bytes.length !== length) throw tooShort(name, offset, length, bytes.length);
      return bytes;
    },
    readWhole: async () => (await get()).body,
  };
}

/** The error for a file that was replaced after it was opened. */
export function replaced(name: string, before: string, after: string): SageError {
  return new SageError(
    "retrieval",
    `${name} was replaced while it was open: it was ${before}, now it is ${after}. ` +
      "Open it again with openRanged.",
  );
}

/** The error of a file that ends within a range, or of a source that sent more than the range. */
export function tooShort(name: string, offset: number, length: number, seen: number): SageError {
  return new SageError(
    "retrieval",
    `${name}: expected ${length} bytes from byte ${offset} on, saw ${seen}: ` +
      (seen > length
        ? "the source ignores ranges. Use another one, or load the whole file."
        : "the file is cut or was replaced. Open it again with openRanged, or upload it again."),
  );
}

/** A stream of a file that is read in parts of 1 MiB. */
function streamOf(
  read: (offset: number, length: number) => Promise<Uint8Array>,
  size: number,
): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream({
    async pull(controller) {
      const length = Math.min(size - offset, 1 << 20);
      if (length > 0) controller.enqueue(await read(offset, length));
      offset += length;
      if (offset >= size) controller.close();
    },
  });
}

/** `edgeStore`: the blob store of the Worker in edge/. The only file of ts/vault/ using `fetch`. */
import { reasonOf, SageError } from "../errors.js";
import { unlessAborted } from "../values/abort.js";
import { readAtMost } from "../values/bytes.js";
import {
  checkAbort,
  checkBytes,
  checkFunction,
  checkKeys,
  checkPositive,
  checkUrl,
  inspect,
  unexpected,
} from "../values/check.js";
import { checkResponse } from "../values/http.js";
import { MAX_TIMER_MS } from "../values/limits.js";
import { nameOfUrl } from "../values/url.js";
import { isDeviceName, SYNC_LIMITS } from "./sync-blob.js";
import type { BlobStore } from "./types.js";

const WHERE = "edgeStore";
const TIMEOUT_MS = 30_000;
/** Maximum length of the text of a reply in messages, in UTF-16 units. */
const MAX_REASON_CHARS = 200;

/** Options of `edgeStore`. */
export interface EdgeStoreOptions {
  /** Address of the Worker in `edge/`; the routes are below it. */
  url: string | URL;
  /** A token of the user, or a function that returns one, called before each request. */
  token: string | (() => string | Promise<string>);
  /** Replacement of `fetch`. Default: `globalThis.fetch`, read at each request. */
  fetch?: typeof fetch;
  /** Milliseconds until a request is aborted, its reply included. Default: 30,000. */
  timeout?: number;
}

/** The result of `edgeStore`. */
export interface EdgeStore extends BlobStore {
  /** Deletes the blob of a device that is no longer used. Nothing happens if there is none. */
  delete(name: string): Promise<void>;
  /** Deletes the blobs of all devices. */
  clear(): Promise<void>;
}

interface Call {
  readonly method: "GET" | "PUT" | "DELETE";
  /** Path and query below `/v1/`. */
  readonly path: string;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A store of blobs for `sync` at a Worker of `edge/` (docs/edge.md), one per user: the `sub` of the
 * token. Each call is one request; nothing is sent again by itself. The Worker gets names of
 * devices, sealed bytes and the token.
 *
 * Throws code "option". Calls reject with "storage" if the Worker refuses or cannot be reached, and
 * with "aborted" by their signal.
 */
export function edgeStore(options: EdgeStoreOptions): EdgeStore {
  checkKeys(WHERE, options, ["url", "token", "fetch", "timeout"]);
  const { token } = options;
  const url = checkUrl(`${WHERE}: url`, options.url);
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ""))
    throw unexpected(`${WHERE}: url`, "the URL of a Worker", nameOfUrl(url));
  if (typeof token !== "function" && (typeof token !== "string" || token === ""))
    throw new SageError(
      "option",
      `${WHERE}: token: expected a token or a function that returns one, saw ${typeof token}.`,
    );
  if (options.fetch !== undefined) checkFunction(`${WHERE}: fetch`, options.fetch);
  const timeout = checkPositive(`${WHERE}: timeout`, options.timeout ?? TIMEOUT_MS, MAX_TIMER_MS);
  const base = url.replace(/\/+$/, "");

  /** Sends a request; resolves to the bytes of the reply, undefined for a 404. */
  const send = async ({ method, path, body, signal }: Call): Promise<Uint8Array | undefined> => {
    checkAbort(signal);
    const limit = AbortSignal.timeout(Math.ceil(timeout));
    const fetchFn =
      options.fetch ?? ((...args: Parameters<typeof fetch>) => globalThis.fetch(...args));
    try {
      const stop = signal ? AbortSignal.any([signal, limit]) : limit;
      const given = async () => (typeof token === "function" ? token() : token);
      const bearer = checkToken(await unlessAborted(given(), stop));
      const sent = fetchFn(`${base}/v1/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(body && { "content-type": "application/octet-stream" }),
        },
        ...(body && { body: body as Uint8Array<ArrayBuffer> }),
        redirect: "manual",
        signal: stop,
      });
      // Not every replacement of `fetch` listens to signals.
      const reply = await unlessAborted(Promise.resolve(sent), stop);
      checkResponse(WHERE, reply);
      const bytes = await readLimited(reply);
      if (reply.ok) return bytes;
      if (reply.status === 404 && method === "GET" && codeOf(bytes) === "blob") return undefined;
      throw failure(`the Worker answered ${reply.status}${messageOf(bytes)}`);
    } catch (error) {
      checkAbort(signal);
      if (limit.aborted) throw failure(`no reply within ${timeout} ms`, error);
      if (error instanceof SageError) throw error;
      const reason = reasonOf(error).slice(0, MAX_REASON_CHARS);
      throw failure(`the Worker cannot be reached (${reason})`, error);
    }
  };
  /** The path of a blob. The name cannot add parameters. */
  const pathOf = (name: string): string => {
    if (isDeviceName(name)) return `blob?name=${name}`;
    throw unexpected(WHERE, "the name of a device, 32 hexadecimal digits", name);
  };

  return {
    async list(signal) {
      const reply = (parse(await send({ method: "GET", path: "blobs", signal })) ?? {}) as {
        blobs?: unknown;
      };
      if (!Array.isArray(reply.blobs)) throw failure("the list is not one of the Worker");
      return (reply.blobs as ({ name?: unknown } | null)[]).map((blob) => String(blob?.name));
    },
    get: async (name, signal) => send({ method: "GET", path: pathOf(name), signal }),
    async put(name, given, signal) {
      const bytes = checkBytes(WHERE, given);
      // The Worker would close the connection without a reply.
      if (bytes.length > SYNC_LIMITS.maxBlobBytes)
        throw new SageError(
          "storage",
          `${WHERE}: the log needs a blob of ${bytes.length} bytes, expected at most ` +
            `${SYNC_LIMITS.maxBlobBytes}: set \`maxActions\` or \`maxAgeDays\` of openSage.`,
        );
      await send({ method: "PUT", path: pathOf(name), body: bytes, signal });
    },
    async delete(name) {
      await send({ method: "DELETE", path: pathOf(name) });
    },
    async clear() {
      await send({ method: "DELETE", path: "blobs" });
    },
  };
}

/** Throws code "option" for a token that no header can have; the message does not contain it. */
function checkToken(token: unknown): string {
  if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) return token;
  const seen = typeof token === "string" ? "one with other characters, or none" : inspect(token);
  throw new SageError(
    "option",
    `${WHERE}: token: expected printable ASCII characters without spaces, saw ${seen}.`,
  );
}

function failure(problem: string, cause?: unknown): SageError {
  const message = `${WHERE}: ${problem}. Nothing was lost: sync again later.`;
  return new SageError("storage", message, { cause });
}

/** The code of an error reply of the Worker; undefined for another reply. */
function codeOf(bytes: Uint8Array): unknown {
  return (parse(bytes) as { error?: { code?: unknown } } | undefined)?.error?.code;
}

/** The message of an error reply, which has the remedy. */
function messageOf(bytes: Uint8Array): string {
  const { message } = (parse(bytes) as { error?: { message?: unknown } } | undefined)?.error ?? {};
  if (typeof message !== "string") return "";
  // Control and format characters could steer a terminal.
  const text = message.slice(0, MAX_REASON_CHARS).replace(/\p{C}/gu, "?");
  return `: ${text.replace(/\.$/, "")}`;
}

function parse(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

/** The body; a longer one than the limit is an error, and is not read to its end. */
async function readLimited(reply: Response): Promise<Uint8Array> {
  const bytes = await readAtMost(reply.body, SYNC_LIMITS.maxBlobBytes);
  if (!bytes) throw failure(`the reply is longer than ${SYNC_LIMITS.maxBlobBytes} bytes`);
  return bytes;
}

/**
 * HTTP requests of the adapters, limited in time, size and number; redirects are never followed.
 * The only file of ts/remote/ that uses `fetch`.
 */

import { isSageError, reasonOf } from "../errors.js";
import type { Outbound } from "../retriever.js";
import { checkAbort, checkFunction, checkInteger, checkPositive } from "../values/check.js";
import { checkHeaders, checkResponse } from "../values/http.js";
import { MAX_TIMER_MS } from "../values/limits.js";
import { beginningOf, RetrievalError } from "./failure.js";

/** A complete request: exactly these bytes are sent. */
export interface HttpRequest {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
}

/** Options of HTTP requests, shared by all adapters that use HTTP. */
export interface HttpOptions {
  /** Replacement of `fetch`. Default: `globalThis.fetch`, read at each request. */
  fetch?: typeof fetch;
  /** Additional headers, such as those of a gateway; they override the adapter's. */
  headers?: Record<string, string>;
  /**
   * Milliseconds until a request is aborted, counted from its start to the end of its reply.
   * Waiting for one of the `connections` is not included. Default: 5,000.
   */
  timeout?: number;
  /** Maximum size of a reply in bytes, after decompression. Default: 8 MiB. */
  maxBytes?: number;
  /** Maximum number of concurrent requests. Default: 6, the limit of a Cloudflare Worker. */
  connections?: number;
}

/** The option names of {@link HttpOptions}. */
export const HTTP_OPTION_NAMES = ["fetch", "headers", "timeout", "maxBytes", "connections"];

/**
 * Returns a function that sends a request to the engine `name` and resolves to the parsed JSON
 * reply. It rejects with code "aborted" or with a {@link RetrievalError}.
 */
export function httpSender(
  name: string,
  options: HttpOptions,
): (request: HttpRequest, signal?: AbortSignal) => Promise<unknown> {
  const timeout = checkPositive(`${name}: timeout`, options.timeout ?? 5000, MAX_TIMER_MS);
  const maxBytes = checkInteger(`${name}: maxBytes`, options.maxBytes ?? 8 << 20);
  const acquireSlot = semaphore(checkInteger(`${name}: connections`, options.connections ?? 6));
  if (options.fetch !== undefined) checkFunction(`${name}: fetch`, options.fetch);
  checkHeaders(`${name}: headers`, options.headers);
  return async (request, signal) => {
    checkAbort(signal);
    // A key or token of other characters would look like a failed connection.
    checkHeaders(`${name}: headers`, request.headers);
    const releaseSlot = await acquireSlot();
    const requestAbort = new AbortController();
    const timer = setTimeout(() => requestAbort.abort(), timeout);
    const abortRequest = (): void => requestAbort.abort();
    signal?.addEventListener("abort", abortRequest);
    try {
      checkAbort(signal);
      // Workers require fetch to be called on globalThis; reading it late lets tests replace it.
      const fetchFn =
        options.fetch ?? ((...args: Parameters<typeof fetch>) => globalThis.fetch(...args));
      const reply = await fetchFn(request.url, {
        method: request.method,
        headers: { accept: "application/json", ...request.headers, ...options.headers },
        ...(request.body === undefined ? {} : { body: request.body }),
        redirect: "manual",
        signal: requestAbort.signal,
      });
      checkResponse(name, reply);
      return await readJson(name, reply, maxBytes, requestAbort.signal);
    } catch (error) {
      checkAbort(signal);
      if (isSageError(error)) throw error;
      if (requestAbort.signal.aborted)
        throw new RetrievalError("timeout", `${name} did not answer within ${timeout} ms.`, {
          cause: error,
        });
      throw new RetrievalError(
        "network",
        `The connection to ${name} failed (${reasonOf(error)}).`,
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abortRequest);
      releaseSlot();
    }
  };
}

/** The request for `preview()`: the body, or the URL if there is none. Headers are left out. */
export function outboundOf({ url, body }: HttpRequest): Pick<Outbound, "to" | "bytes"> {
  const bytes =
    typeof body === "string" || body === undefined
      ? new TextEncoder().encode(body ?? url)
      : body.slice();
  return { to: url, bytes };
}

/** A POST request with a JSON body. */
export function postJson(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): HttpRequest {
  return {
    method: "POST",
    url,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

/** Append path segments to a URL, percent-encoded: "../" in a name cannot leave its segment. */
export function joinUrl(base: string | URL, ...parts: string[]): string {
  return [String(base).replace(/\/+$/, ""), ...parts.map((part) => encodeURIComponent(part))].join(
    "/",
  );
}

async function readJson(
  name: string,
  reply: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<unknown> {
  if (reply.type === "opaqueredirect" || (reply.status >= 300 && reply.status < 400)) {
    void reply.body?.cancel().catch(() => undefined);
    throw new RetrievalError(
      "redirect",
      `${name} answered with a redirect (${reply.status}): use the final address.`,
      { status: reply.status },
    );
  }
  const text = await readText(name, reply, maxBytes, signal);
  if (!reply.ok) throw statusError(name, reply, text);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const type = reply.headers.get("content-type") ?? "no content type";
    throw new RetrievalError(
      "reply",
      `${name} answered ${reply.status} with ${type} instead of JSON: ${excerptOf(text)}`,
      { cause },
    );
  }
}

async function readText(
  name: string,
  reply: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const declaredBytes = Number(reply.headers.get("content-length") ?? 0);
  if (declaredBytes > maxBytes) {
    void reply.body?.cancel().catch(() => undefined);
    throw replyTooLargeError(name, maxBytes);
  }
  if (!reply.body) return reply.text();
  const reader = reply.body.getReader();
  // Stops a slow body on abort, even if a replaced fetch ignores the signal.
  const abortPromise = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true }),
  );
  abortPromise.catch(() => undefined);
  const decoder = new TextDecoder();
  let text = "";
  let bytesRead = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), abortPromise]);
      if (done) return text + decoder.decode();
      bytesRead += value.length;
      if (bytesRead > maxBytes) throw replyTooLargeError(name, maxBytes);
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw error;
  }
}

function statusError(name: string, reply: Response, text: string): RetrievalError {
  const { status } = reply;
  const statusText = reply.statusText ? ` ${reply.statusText}` : "";
  const message = `${name} answered ${status}${statusText}: ${excerptOf(text)}`;
  if (status === 401 || status === 403)
    return new RetrievalError("refused", `${message} Check the key and its rights.`, { status });
  if (status === 404)
    return new RetrievalError(
      "not-found",
      `${message} Check the address and the name of the collection.`,
      { status },
    );
  return new RetrievalError("status", message, {
    status,
    retryAfter: parseRetryAfter(reply.headers.get("retry-after")),
  });
}

/** Parse a Retry-After header, seconds or an HTTP date, to milliseconds from now. */
function parseRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const wait = /^\d+$/.test(header.trim())
    ? Number(header) * 1000
    : Date.parse(header) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

function replyTooLargeError(name: string, maxBytes: number): RetrievalError {
  return new RetrievalError(
    "reply",
    `${name} answered with more than ${maxBytes} bytes, the limit of maxBytes.`,
  );
}

function excerptOf(text: string): string {
  const singleLine = text.replace(/\s+/g, " ").trim();
  const beginning = beginningOf(singleLine);
  if (beginning.length < singleLine.length) return `${beginning}…`;
  return singleLine === "" ? "(empty)" : singleLine;
}

/**
 * A counting semaphore: the returned function waits until fewer than `limit` callers hold the
 * semaphore, and resolves to the function that releases it.
 */
function semaphore(limit: number): () => Promise<() => void> {
  let activeCount = 0;
  const waitingCallers: (() => void)[] = [];
  const releaseSlot = (): void => {
    const nextCaller = waitingCallers.shift();
    if (nextCaller) nextCaller();
    else activeCount -= 1;
  };
  return async () => {
    if (activeCount < limit) activeCount += 1;
    else await new Promise<void>((resolve) => waitingCallers.push(resolve));
    let isReleased = false;
    return () => {
      if (!isReleased) releaseSlot();
      isReleased = true;
    };
  };
}

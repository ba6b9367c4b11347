/** Requests over HTTP, and the one place of the adapters that can reach `fetch`: bounded in time and size, never redirected. */
import { checkAbort, checkInteger, checkPositive } from "../check.js";
import { isSageError } from "../errors.js";
import type { Outbound } from "../retriever.js";
import { RetrievalError } from "./failure.js";

/** One request, complete: these are the bytes that leave. */
export interface HttpRequest {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
}

/** How requests are made. */
export interface HttpOptions {
  /** Default: the runtime's own. */
  fetch?: typeof fetch;
  /** Further headers, of a proxy or gateway for instance. */
  headers?: Record<string, string>;
  /** Milliseconds until a request is given up, its reply included. Default: 5,000. */
  timeout?: number;
  /** Bytes a reply may have. Default: 8 MiB. */
  maxBytes?: number;
  /** Requests under way at once. Default: 6, what a Cloudflare Worker may have. */
  connections?: number;
}

export const HTTP_OPTIONS = ["fetch", "headers", "timeout", "maxBytes", "connections"];
const EXCERPT = 160;

/** Sends requests to `name` and resolves to the JSON of their replies. Rejects "aborted" or a RetrievalError. */
export function httpSender(
  name: string,
  options: HttpOptions,
): (request: HttpRequest, signal?: AbortSignal) => Promise<unknown> {
  const timeout = checkPositive(`${name}: timeout`, options.timeout ?? 5000);
  const maxBytes = checkInteger(`${name}: maxBytes`, options.maxBytes ?? 8 << 20);
  const enter = turnstile(checkInteger(`${name}: connections`, options.connections ?? 6));
  return async (request, signal) => {
    checkAbort(signal);
    const leave = await enter();
    const clock = new AbortController();
    const timer = setTimeout(() => clock.abort(), timeout);
    const stop = (): void => clock.abort();
    signal?.addEventListener("abort", stop);
    try {
      checkAbort(signal);
      // Called through globalThis, late: a Worker's fetch may not be a method of something else, and tests may replace it.
      const send =
        options.fetch ?? ((...given: Parameters<typeof fetch>) => globalThis.fetch(...given));
      const reply = await send(request.url, {
        method: request.method,
        headers: { accept: "application/json", ...request.headers, ...options.headers },
        ...(request.body === undefined ? {} : { body: request.body }),
        redirect: "manual",
        signal: clock.signal,
      });
      return await readReply(name, reply, maxBytes, clock.signal);
    } catch (error) {
      checkAbort(signal);
      if (isSageError(error)) throw error;
      if (clock.signal.aborted)
        throw new RetrievalError("timeout", `${name} did not answer within ${timeout} ms.`, {
          cause: error,
        });
      const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      throw new RetrievalError("network", `${name} could not be reached, or broke off (${why}).`, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      leave();
    }
  };
}

/** A request as `preview()` shows it: the body, or the address where there is none. Keys in headers are not shown. */
export function showRequest({ url, body }: HttpRequest): Pick<Outbound, "to" | "bytes"> {
  const bytes =
    typeof body === "string" || body === undefined
      ? new TextEncoder().encode(body ?? url)
      : body.slice();
  return { to: url, bytes };
}

/** A request whose body is JSON. */
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

/** An address below a base: each part is encoded, so that a name cannot climb out of its place. */
export function below(base: string | URL, ...parts: string[]): string {
  return [String(base).replace(/\/+$/, ""), ...parts.map((part) => encodeURIComponent(part))].join(
    "/",
  );
}

async function readReply(
  name: string,
  reply: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<unknown> {
  if (reply.type === "opaqueredirect" || (reply.status >= 300 && reply.status < 400)) {
    void reply.body?.cancel().catch(() => undefined);
    throw new RetrievalError(
      "redirect",
      `${name} answered with a redirect (${reply.status}), which is not followed: use the final address.`,
      {
        status: reply.status,
      },
    );
  }
  const text = await readText(name, reply, maxBytes, signal);
  if (!reply.ok) throw failed(name, reply, text);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const type = reply.headers.get("content-type") ?? "no content type";
    throw new RetrievalError(
      "reply",
      `${name} answered ${reply.status} with ${type} instead of JSON: ${excerpt(text)}`,
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
  const announced = Number(reply.headers.get("content-length") ?? 0);
  if (announced > maxBytes) {
    void reply.body?.cancel().catch(() => undefined);
    throw tooLarge(name, maxBytes);
  }
  if (!reply.body) return reply.text();
  const reader = reply.body.getReader();
  // A body that drips ends with the signal, even if the fetch that was given does not pass it on.
  const ended = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true }),
  );
  ended.catch(() => undefined);
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), ended]);
      if (done) return text + decoder.decode();
      size += value.length;
      if (size > maxBytes) throw tooLarge(name, maxBytes);
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw error;
  }
}

function failed(name: string, reply: Response, text: string): RetrievalError {
  const { status } = reply;
  const said = `${name} answered ${status}${reply.statusText ? ` ${reply.statusText}` : ""}: ${excerpt(text)}`;
  if (status === 401 || status === 403)
    return new RetrievalError("refused", `${said} Check the key and what it may do.`, { status });
  if (status === 404)
    return new RetrievalError(
      "not-found",
      `${said} Check the address and the name of the collection.`,
      { status },
    );
  return new RetrievalError("status", said, {
    status,
    retryAfter: retryAfter(reply.headers.get("retry-after")),
  });
}

/** Seconds, or a date; milliseconds from now. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const wait = /^\d+$/.test(header.trim())
    ? Number(header) * 1000
    : Date.parse(header) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

function tooLarge(name: string, maxBytes: number): RetrievalError {
  return new RetrievalError(
    "reply",
    `${name} answered with more than ${maxBytes} bytes; maxBytes allows more.`,
  );
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line === "" ? "(nothing)" : line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line;
}

/** Lets `most` in at once; each that entered must leave. */
function turnstile(most: number): () => Promise<() => void> {
  let inside = 0;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else inside -= 1;
  };
  return async () => {
    if (inside < most) inside += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  };
}

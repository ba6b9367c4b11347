/** Reads ranges of a file on a web server, by requests without data of the user. */
import { asSageError, reasonOf, SageError } from "../../errors.js";
import { unlessAborted } from "../../values/abort.js";
import {
  checkAbort,
  checkFunction,
  checkInteger,
  checkKeys,
  checkUrl,
  unexpected,
} from "../../values/check.js";
import { checkHeaders, checkResponse } from "../../values/http.js";
import { nameOfUrl } from "../../values/url.js";
import { nameOf } from "./check-search.js";
import {
  NoRanges,
  type RangeSource,
  type ReadOptions,
  replaced,
  TransientError,
  tooShort,
} from "./source.js";

const DEFAULT_RETRIES = 2;
const MAX_RETRIES = 10;
/** The wait before the first retry in milliseconds; each further one is four times as long. */
const FIRST_WAIT_MS = 250;
/** The longest wait, and the longest `Retry-After` that is waited for. */
const MAX_WAIT_MS = 5000;

/** Options of {@link httpSource}. */
export interface HttpSourceOptions {
  /**
   * Sends the requests, such as `(request) => env.ASSETS.fetch(request)` in a Worker. Default: the
   * global `fetch`.
   */
  fetch?: (request: Request) => Promise<Response>;
  /** Headers of every request, such as `authorization`. Default: none. */
  headers?: Record<string, string> | Headers;
  /**
   * Number of further requests after a failure that may pass: status 429 or 5xx, and a connection
   * that fails, 0 to 10. Default: 2.
   */
  retries?: number;
}

/**
 * Reads a file by HTTP range requests, from any server that answers 206 to them. Every answer must
 * have the length of the range and, where the server states them, the range, the length of the file
 * and the ETag of the first answer. Throws code "option" for an invalid URL or headers.
 *
 * A read that fails by status 429 or 5xx, or by its connection, is requested again after 250 ms,
 * 1 s and so on, or after the `Retry-After` of the answer; not if that is more than 5 seconds.
 * Nothing is requested again after another answer, as that of a file that was replaced, nor once
 * the signal of the read has fired.
 */
export function httpSource(url: string | URL, options: HttpSourceOptions = {}): RangeSource {
  checkKeys("httpSource", options, ["fetch", "headers", "retries"]);
  const send = options.fetch ?? ((request: Request) => fetch(request));
  checkFunction("httpSource: fetch", send);
  const address = checkUrl("httpSource", url);
  checkAddress(address);
  const fixedHeaders = checkHeaders("httpSource: headers", options.headers);
  const retries = checkInteger(
    "httpSource: retries",
    options.retries ?? DEFAULT_RETRIES,
    0,
    MAX_RETRIES,
  );
  const name = nameOf(address);
  /** Whether the server has answered a range with 206. */
  let servesRanges = false;
  /** The first ETag and the first length of the file that the server stated. */
  let etag: string | undefined;
  let size: string | undefined;

  async function request(range: string | undefined, { signal, fresh }: ReadOptions) {
    checkAbort(signal);
    const headers = new Headers(fixedHeaders);
    if (range) headers.set("range", range);
    const sent = new Request(address, {
      headers,
      ...(signal && { signal }),
      // Runtimes without the option `cache` have no HTTP cache to bypass.
      ...(fresh && "cache" in Request.prototype && { cache: "reload" as const }),
    });
    const response = await duringTransfer(() => send(sent));
    checkResponse("httpSource", response);
    if (response.status === 200 || response.status === 206) return response;
    await cancelBody(response);
    const status = `${response.status} ${response.statusText.slice(0, 100)}`.trimEnd();
    const message = `${name} answered ${status}: ${remedyOf(response)}.`;
    if (!mayPass(response)) throw new SageError("retrieval", message);
    throw new TransientError(message, waitOf(response));
  }

  /** Errors of the connection become transient ones; a SageError of a replaced `fetch` does not. */
  async function duringTransfer<T>(transfer: () => Promise<T>): Promise<T> {
    try {
      return await transfer();
    } catch (error) {
      if (error instanceof SageError) throw error;
      const message = `${name} could not be read: ${reasonOf(error)}. Try again later.`;
      throw new TransientError(message, undefined, error);
    }
  }

  /** Calls `attempt` again after a transient error, at most `retries` times. */
  async function withRetries<T>(
    signal: AbortSignal | undefined,
    attempt: () => Promise<T>,
  ): Promise<T> {
    for (let retry = 0; ; retry += 1) {
      try {
        return await attempt();
      } catch (error) {
        checkAbort(signal);
        if (!(error instanceof TransientError) || retry === retries) throw error;
        const wait = error.waitMs ?? Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 4 ** retry);
        if (wait > MAX_WAIT_MS) throw error;
        await sleep(wait, signal);
      }
    }
  }

  /** Throws if the answer is not the range, or belongs to another version of the file. */
  function checkAnswer(response: Response, offset: number, length: number): void {
    // Servers that compress some answers state a weak ETag for these, or none. The hashes remain.
    const tag = response.headers.get("etag")?.replace(/^W\//, "");
    if (etag && tag && tag !== etag) throw replaced(name, `ETag ${etag}`, `ETag ${tag}`);
    etag ??= tag;
    // The header is hidden from pages of another origin; the length and the hashes remain.
    const end = offset + length - 1;
    const [, first, last, total] =
      /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "") ?? [];
    if (first === undefined) return;
    // A range that reaches beyond the end of the file is answered up to the end.
    if (Number(first) === offset && Number(last) === Number(total) - 1 && Number(last) < end)
      throw tooShort(name, offset, length, Number(total) - offset);
    if (Number(first) !== offset || Number(last) !== end)
      throw new SageError(
        "retrieval",
        `${name}: expected bytes ${offset} to ${end}, the server sent ` +
          `${first} to ${last}. Its answers to range requests are wrong: use another host.`,
      );
    if (total === "*") return;
    if (size !== undefined && total !== size)
      throw replaced(name, `${size} bytes long`, `${total} bytes long`);
    size = total;
  }

  async function readOnce(offset: number, length: number, readOptions: ReadOptions) {
    try {
      const response = await request(`bytes=${offset}-${offset + length - 1}`, readOptions);
      if (response.status !== 206) {
        if (!servesRanges) throw new NoRanges(response.body, isPage(response));
        await cancelBody(response);
        throw new SageError(
          "retrieval",
          `${name} answered ${response.status} instead of 206 to a range request, after it had ` +
            "answered others: try again later, or use Catalogue.fetch.",
        );
      }
      servesRanges = true;
      try {
        checkAnswer(response, offset, length);
      } catch (error) {
        await cancelBody(response);
        throw error;
      }
      return await readExactly(response, offset, length);
    } catch (error) {
      checkAbort(readOptions.signal);
      if (error instanceof NoRanges) throw error;
      throw asSageError(error, "retrieval", `${name} could not be read`);
    }
  }

  /** The body, which must have `length` bytes: a longer one is not read to its end. */
  async function readExactly(response: Response, offset: number, length: number) {
    const bytes = new Uint8Array(length);
    const reader = response.body?.getReader();
    let end = 0;
    for (;;) {
      const { done, value } = (await duringTransfer(async () => reader?.read())) ?? { done: true };
      if (done || !value) break;
      if (end + value.length > length) {
        await reader?.cancel().catch(() => undefined);
        throw new SageError(
          "retrieval",
          `${name}: expected ${length} bytes from byte ${offset} on, the server sent more. ` +
            (response.headers.has("content-encoding")
              ? "It compresses the file: switch compression off for it."
              : "Its answers to range requests are wrong: use another host."),
        );
      }
      bytes.set(value, end);
      end += value.length;
    }
    if (end < length) throw tooShort(name, offset, length, end);
    return bytes;
  }

  async function readWhole(readOptions: ReadOptions): Promise<ReadableStream<Uint8Array>> {
    try {
      const { body } = await withRetries(readOptions.signal, () => request(undefined, readOptions));
      if (!body) throw new SageError("retrieval", `${name} answered without a body.`);
      return body;
    } catch (error) {
      checkAbort(readOptions.signal);
      throw asSageError(error, "retrieval", `${name} could not be downloaded`);
    }
  }

  return {
    name: address,
    read: (offset, length, readOptions) =>
      withRetries(readOptions.signal, () => readOnce(offset, length, readOptions)),
    readWhole,
  };
}

/** Throws code "option" for an address that no request can have. */
function checkAddress(address: string): void {
  try {
    // Resolved as the requests to come: relative to a page.
    new Request(address);
  } catch {
    throw unexpected("httpSource", 'a URL such as "https://host/items.sage"', nameOfUrl(address));
  }
}

/** Ends a transfer whose bytes are not read: until then it occupies a connection. */
async function cancelBody({ body }: Response): Promise<void> {
  await body?.cancel().catch(() => undefined);
}

/** Whether the answer is a web page, such as the error page of a host that answers 200. */
function isPage({ headers }: Response): boolean {
  return /html/.test(headers.get("content-type") ?? "");
}

/** Resolves after `milliseconds`; rejects with code "aborted" as soon as the signal fires. */
async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await unlessAborted(
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, milliseconds);
      }),
      signal,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the same request may succeed later. */
function mayPass({ status }: Response): boolean {
  return status === 429 || status >= 500;
}

/** The `Retry-After` of an answer, in seconds or as a date, in milliseconds; undefined for none. */
function waitOf({ headers }: Response): number | undefined {
  const header = headers.get("retry-after")?.trim();
  if (!header) return undefined;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** What to do about a status other than 200 and 206. */
function remedyOf(response: Response): string {
  const { status } = response;
  if (status === 416)
    return "the file is shorter than when it was built or opened. Upload it again";
  if (status === 401 || status === 403) return "sign its URL anew, or correct the option `headers`";
  if (status === 404 || status === 410) return "correct the URL, or upload the file";
  if (!mayPass(response)) return "expected 206, or 200 with the whole file";
  const seconds = Math.ceil((waitOf(response) ?? 0) / 1000);
  return seconds > 0 && seconds < 1e6 ? `try again in ${seconds} s` : "try again later";
}

/** Reads ranges of a file on a web server, by requests without data of the user. */
import { asSageError, SageError } from "../../errors.js";
import { checkAbort, checkFunction, checkKeys, inspect, unexpected } from "../../values/check.js";
import { nameOfUrl } from "../../values/url.js";
import { nameOf } from "./check-search.js";
import { NoRanges, type RangeSource, type ReadOptions, replaced, tooShort } from "./source.js";

/** Options of {@link httpSource}. */
export interface HttpSourceOptions {
  /**
   * Sends the requests, such as `(request) => env.ASSETS.fetch(request)` in a Worker. Default: the
   * global `fetch`.
   */
  fetch?: (request: Request) => Promise<Response>;
  /** Headers of every request, such as `authorization`. Default: none. */
  headers?: Record<string, string> | Headers;
}

/**
 * Reads a file by HTTP range requests, from any server that answers 206 to them. Every answer must
 * have the length of the range and, where the server states them, the range, the length of the file
 * and the ETag of the first answer. Throws code "option" for an invalid URL or headers.
 */
export function httpSource(url: string | URL, options: HttpSourceOptions = {}): RangeSource {
  checkKeys("httpSource", options, ["fetch", "headers"]);
  const send = options.fetch ?? ((request: Request) => fetch(request));
  if (typeof url !== "string" && !(url instanceof URL))
    throw unexpected("httpSource", "a URL", url);
  checkFunction("httpSource: fetch", send);
  const address = String(url);
  checkAddress(address);
  const fixedHeaders = toHeaders(options.headers);
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
    const response = await send(
      new Request(address, {
        headers,
        ...(signal && { signal }),
        // Runtimes without the option `cache` have no HTTP cache to bypass.
        ...(fresh && "cache" in Request.prototype && { cache: "reload" as const }),
      }),
    );
    if (response.status === 200 || response.status === 206) return response;
    await cancelBody(response);
    const status = `${response.status} ${response.statusText.slice(0, 100)}`.trimEnd();
    throw new SageError("retrieval", `${name} answered ${status}: ${remedyOf(response)}.`);
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

  async function read(offset: number, length: number, readOptions: ReadOptions) {
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
      const { done, value } = (await reader?.read()) ?? { done: true };
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
      const { body } = await request(undefined, readOptions);
      if (!body) throw new SageError("retrieval", `${name} answered without a body.`);
      return body;
    } catch (error) {
      checkAbort(readOptions.signal);
      throw asSageError(error, "retrieval", `${name} could not be downloaded`);
    }
  }

  return { name: address, read, readWhole };
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

/** The headers of every request. Errors do not state values, which can be secret. */
function toHeaders(given: HttpSourceOptions["headers"] = {}): Headers {
  if (typeof given !== "object" || given === null)
    throw unexpected("httpSource: headers", "an object of names and values", given);
  const headers = new Headers();
  const pairs = given instanceof Headers ? [...given] : Object.entries(given);
  for (const [name, value] of pairs) {
    try {
      if (typeof value !== "string") throw new TypeError();
      headers.set(name, value);
    } catch {
      throw new SageError(
        "option",
        `httpSource: headers: expected valid names, each with a text, saw ${inspect(name)} with ` +
          `${typeof value === "string" ? "a text" : inspect(value)}.`,
      );
    }
  }
  return headers;
}

/** Ends a transfer whose bytes are not read: until then it occupies a connection. */
async function cancelBody({ body }: Response): Promise<void> {
  await body?.cancel().catch(() => undefined);
}

/** Whether the answer is a web page, such as the error page of a host that answers 200. */
function isPage({ headers }: Response): boolean {
  return /html/.test(headers.get("content-type") ?? "");
}

/** What to do about a status other than 200 and 206. */
function remedyOf({ status, headers }: Response): string {
  if (status === 416)
    return "the file is shorter than when it was built or opened. Upload it again";
  if (status === 401 || status === 403) return "sign its URL anew, or correct the option `headers`";
  if (status === 404 || status === 410) return "correct the URL, or upload the file";
  if (status !== 429 && status < 500) return "expected 206, or 200 with the whole file";
  const wait = /^\d{1,6}$/.exec(headers.get("retry-after") ?? "");
  return wait ? `try again in ${wait[0]} s` : "try again later";
}

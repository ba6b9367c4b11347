/** Reads ranges of a file on a web server, by requests without data of the user. */
import { asSageError, SageError } from "../../errors.js";
import { checkAbort, checkFunction, checkKeys, inspect } from "../../values/check.js";
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
  headers?: Record<string, string>;
}

/**
 * Reads a file by HTTP range requests, from any server that answers 206 to them. Every answer must
 * have the length of the range and, where the server states them, the range, the length of the file
 * and the ETag of the first answer.
 */
export function httpSource(url: string | URL, options: HttpSourceOptions = {}): RangeSource {
  checkKeys("httpSource", options, ["fetch", "headers"]);
  const send = options.fetch ?? ((request: Request) => fetch(request));
  if (typeof url !== "string" && !(url instanceof URL))
    throw new SageError("option", `httpSource: expected a URL, saw ${inspect(url)}.`);
  checkFunction("httpSource: fetch", send);
  const address = String(url);
  const name = nameOf(address);
  let etag: string | null | undefined;
  let size: string | undefined;

  async function request(range: string | undefined, { signal, fresh }: ReadOptions) {
    checkAbort(signal);
    const headers = { ...options.headers, ...(range && { range }) };
    const response = await send(
      new Request(address, {
        headers,
        ...(signal && { signal }),
        // Runtimes without the option `cache` have no HTTP cache to bypass.
        ...(fresh && "cache" in Request.prototype && { cache: "reload" as const }),
      }),
    );
    if (!response.ok)
      throw new SageError(
        "retrieval",
        `${name} answered ${`${response.status} ${response.statusText.slice(0, 100)}`.trimEnd()}` +
          (response.status === 416
            ? ": the file is shorter than when it was built or opened. Upload it again."
            : "."),
      );
    return response;
  }

  /** Throws if the answer is not the range, or belongs to another version of the file. */
  function checkAnswer(response: Response, offset: number, length: number): void {
    const tag = response.headers.get("etag");
    if (etag !== undefined && tag !== etag) throw replaced(name, `ETag ${etag}`, `ETag ${tag}`);
    etag = tag;
    // The header is hidden from pages of another origin; the length and the hashes remain.
    const [, first, last, total] =
      /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "") ?? [];
    if (first === undefined) return;
    if (Number(first) !== offset || Number(last) !== offset + length - 1)
      throw new SageError(
        "retrieval",
        `${name}: expected bytes ${offset} to ${offset + length - 1}, the server sent ` +
          `${first} to ${last}. Its answers to range requests are wrong: use another host.`,
      );
    if (size !== undefined && total !== size)
      throw replaced(name, `${size} bytes long`, `${total} bytes long`);
    size = total;
  }

  async function read(offset: number, length: number, readOptions: ReadOptions) {
    try {
      const response = await request(`bytes=${offset}-${offset + length - 1}`, readOptions);
      if (response.status !== 206) {
        if (etag === undefined) throw new NoRanges(response.body);
        await response.body?.cancel().catch(() => undefined);
        throw new SageError(
          "retrieval",
          `${name} answered ${response.status} instead of 206 to a range request, after it had ` +
            "answered others: try again later, or use Catalogue.fetch.",
        );
      }
      checkAnswer(response, offset, length);
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
          `${name}: expected ${length} bytes from byte ${offset} on, the server sent more. Its ` +
            "answers to range requests are wrong: use another host.",
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

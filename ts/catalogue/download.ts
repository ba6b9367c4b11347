/** Bytes from a stream or the network: the one place that downloads. Nothing about the user goes into a request. */
import { checkAbort, inspect } from "../check.js";
import { withCore } from "../core/glue.js";
import type { CoreCatalogue, CoreLoader } from "../core/interface.js";
import { asSageError, SageError } from "../errors.js";

/** Called with the bytes that came, and how many there will be where that is known. */
type OnProgress = (loaded: number, total?: number) => void;

/** What `take` makes of the body at this address. Rejects "aborted" or "retrieval". */
export async function download<T>(
  url: string | URL,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress },
  take: (body: ReadableStream<Uint8Array>, onProgress?: OnProgress) => Promise<T>,
): Promise<T> {
  checkAbort(signal);
  try {
    const response = await fetch(url, signal ? { signal } : {});
    if (!response.ok)
      throw new SageError(
        "retrieval",
        `${`${url} answered ${response.status} ${response.statusText}`.trimEnd()}.`,
      );
    if (!response.body) throw new SageError("retrieval", `${url} answered without a body.`);
    return await take(
      response.body,
      onProgress && ((loaded, total) => onProgress(loaded, total ?? contentLength(response))),
    );
  } catch (error) {
    checkAbort(signal);
    throw asSageError(error, "retrieval", `${url} could not be downloaded`);
  }
}

/** Bytes of the header, which tells how long the file is. */
const HEADER_BYTES = 64;

/** The catalogue in a stream. Room is made once, by what the header says; what is longer or shorter is "corrupt". */
export async function loadCatalogue(
  stream: ReadableStream<Uint8Array>,
  onProgress?: OnProgress,
): Promise<CoreCatalogue> {
  if (typeof stream?.getReader !== "function") {
    throw new SageError(
      "option",
      `Catalogue.fromBytes: expected a Uint8Array or a ReadableStream, saw ${inspect(stream)}.`,
    );
  }
  const reader = stream.getReader();
  let loader: CoreLoader | undefined;
  let loaded = 0;
  try {
    let first = new Uint8Array();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      loaded += value.length;
      if (loader) pushBytes(loader, value);
      else {
        first = concatenate(first, value);
        if (first.length >= HEADER_BYTES) loader = begin(first);
      }
      onProgress?.(loaded);
    }
    const whole = loader ?? begin(first);
    loader = undefined;
    return withCore(() => whole.finish());
  } finally {
    // A stream that is not wanted any more should not go on; that it may fail to stop changes nothing here.
    await reader.cancel().catch(() => undefined);
    if (loader) withCore(() => loader?.free());
  }
}

function begin(first: Uint8Array): CoreLoader {
  const loader = withCore(({ CoreLoader }) => new CoreLoader(first));
  pushBytes(loader, first);
  return loader;
}

function pushBytes(loader: CoreLoader, bytes: Uint8Array): void {
  if (withCore(() => loader.push(bytes))) return;
  throw new SageError(
    "corrupt",
    "There are more bytes than the catalogue's header tells. Fetch or build the file again.",
  );
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The length that was announced, if it is the length of what comes out of the stream. */
function contentLength(response: Response): number | undefined {
  const announced = Number(response.headers.get("content-length") ?? NaN);
  return Number.isFinite(announced) && !response.headers.has("content-encoding")
    ? announced
    : undefined;
}

/**
 * Downloads a catalogue, and reads catalogues from streams. Requests carry nothing about the user.
 */
import { withCore } from "../core/glue.js";
import {
  type CatalogueHandle,
  type Handle,
  openCatalogueHandle,
  openHandle,
} from "../core/handle.js";
import type { CoreLoader } from "../core/interface.js";
import { asSageError, SageError } from "../errors.js";
import { joinBytes } from "../values/bytes.js";
import { checkAbort, checkFunction, checkUrl, unexpected } from "../values/check.js";
import { nameOfUrl } from "../values/url.js";
import { HEADER_BYTES } from "./sections.js";

/** Receives the bytes loaded so far, and the total where it is known. */
type OnProgress = (loaded: number, total?: number) => void;

/**
 * Requests `url` and returns the result of `consume` for the response body. Rejects with code
 * "aborted" once the signal fires, "retrieval" for an HTTP error status, a failed transfer or a web
 * page that `consume` rejects, else with the error of `consume`.
 */
export async function download<T>(
  url: string | URL,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress },
  consume: (body: ReadableStream<Uint8Array>, onProgress?: OnProgress) => Promise<T>,
): Promise<T> {
  checkAbort(signal);
  if (onProgress !== undefined) checkFunction("Catalogue.fetch: onProgress", onProgress);
  const name = nameOfUrl(checkUrl("Catalogue.fetch", url));
  let response: Response | undefined;
  try {
    response = await fetch(url, { signal: signal ?? null });
    const { body, headers, ok, status } = response;
    if (!ok || !body)
      throw new SageError("retrieval", `${name} answered ${status}${ok ? " without a body" : ""}.`);
    // Unknown without the header, and with a content encoding, which changes the length.
    const declaredLength =
      (!headers.has("content-encoding") && Number(headers.get("content-length"))) || undefined;
    return await consume(
      body,
      onProgress && ((loaded, total) => onProgress(loaded, total ?? declaredLength)),
    );
  } catch (error) {
    // The body of a failed download would occupy a connection.
    response?.body?.cancel().catch(() => undefined);
    checkAbort(signal);
    const type = response?.headers.get("content-type");
    if (/html/.test(type!) && (error as SageError).code === "corrupt")
      throw new SageError(
        "retrieval",
        `${name} is a web page. Expected a .sage file: is it in public/?`,
      );
    throw asSageError(error, "retrieval", `${name} could not be downloaded`);
  }
}

/**
 * Reads a catalogue from a stream into wasm memory that is allocated once, by the length in the
 * header. Rejects with code "corrupt" for a longer or shorter stream, "memory" if the file does not
 * fit.
 */
export async function loadCatalogue(
  stream: ReadableStream<Uint8Array>,
  onProgress?: OnProgress,
): Promise<CatalogueHandle> {
  if (typeof stream?.getReader !== "function") {
    throw unexpected("Catalogue.fromBytes", "a Uint8Array or a ReadableStream", stream);
  }
  const reader = stream.getReader();
  let loader: Handle<CoreLoader> | undefined;
  let loadedBytes = 0;
  try {
    let firstBytes = new Uint8Array();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      loadedBytes += value.length;
      if (loader) pushBytes(loader, value);
      else {
        firstBytes = joinBytes([firstBytes, value]);
        if (firstBytes.length >= HEADER_BYTES) {
          loader = openLoader(firstBytes);
          pushBytes(loader, firstBytes);
        }
      }
      onProgress?.(loadedBytes);
    }
    // A stream shorter than the header has no loader yet; `openLoader` throws for it.
    loader ??= openLoader(firstBytes);
    return loader.consume((complete) => openCatalogueHandle(complete.finish()));
  } finally {
    // Stops the stream after an error; a stream that cannot be cancelled is left to itself.
    await reader.cancel().catch(() => undefined);
    loader?.release();
  }
}

/**
 * Allocates wasm memory for the file that begins with `first`; throws code "corrupt" for no header.
 * The handle carries the bytes over a restart, so a crash elsewhere does not end the download.
 */
function openLoader(firstBytes: Uint8Array): Handle<CoreLoader> {
  const loader = withCore(({ CoreLoader }) => new CoreLoader(firstBytes));
  return openHandle(loader, ({ CoreLoader }, bytes) => {
    const restored = new CoreLoader(bytes);
    restored.push(bytes);
    return restored;
  });
}

function pushBytes(handle: Handle<CoreLoader>, bytes: Uint8Array): void {
  if (handle.with((loader) => loader.push(bytes))) return;
  throw new SageError(
    "corrupt",
    "There are more bytes than the catalogue's header states. Fetch or build the file again.",
  );
}

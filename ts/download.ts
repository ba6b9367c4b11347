/** Bytes from a stream or the network: the one place that downloads. Nothing about the user goes into a request. */
import { checkAbort, show } from "./check.js";
import { asSageError, SageError } from "./errors.js";

/** The bytes at this address. Rejects "aborted" or "retrieval". */
export async function download(
  url: string | URL,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (loaded: number, total?: number) => void },
): Promise<Uint8Array> {
  checkAbort(signal);
  try {
    const response = await fetch(url, signal ? { signal } : {});
    if (!response.ok) throw new SageError("retrieval", `${url} answered ${response.status} ${response.statusText}`.trimEnd() + ".");
    if (!response.body) throw new SageError("retrieval", `${url} answered without a body.`);
    return await gather(response.body, onProgress && ((loaded) => onProgress(loaded, totalOf(response))));
  } catch (error) {
    checkAbort(signal);
    throw asSageError(error, "retrieval", `${url} could not be downloaded`);
  }
}

/** All bytes of a stream. */
export async function gather(stream: ReadableStream<Uint8Array>, onProgress?: (loaded: number) => void): Promise<Uint8Array> {
  if (typeof stream?.getReader !== "function") {
    throw new SageError("option", `Catalogue.fromBytes: expected a Uint8Array or a ReadableStream, saw ${show(stream)}.`);
  }
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
    loaded += next.value.length;
    onProgress?.(loaded);
  }
  const bytes = new Uint8Array(loaded);
  chunks.reduce((offset, chunk) => {
    bytes.set(chunk, offset);
    return offset + chunk.length;
  }, 0);
  return bytes;
}

/** The length that was announced, if it is the length of what comes out of the stream. */
function totalOf(response: Response): number | undefined {
  const announced = Number(response.headers.get("content-length") ?? NaN);
  return Number.isFinite(announced) && !response.headers.has("content-encoding") ? announced : undefined;
}

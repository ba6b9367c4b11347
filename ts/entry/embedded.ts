/** Decodes the wasm that the build wrote into a JavaScript module, gzipped and in Base64. */
import { gzippedWasm } from "../wasm/embedded.js";

/** The part of Node's `process` that is used where a test environment hides the platform. */
interface NodeProcess {
  getBuiltinModule?(name: string): Record<string, (bytes: Uint8Array) => BufferSource>;
}

/** Returns the bytes of the wasm. */
export async function decodeEmbeddedWasm(): Promise<BufferSource> {
  const bytes = Uint8Array.from(atob(gzippedWasm), (character) => character.charCodeAt(0));
  const { process } = globalThis as { process?: NodeProcess };
  if (!("DecompressionStream" in globalThis) && process?.getBuiltinModule) {
    // jsdom: it runs in Node, and lacks these classes, too.
    const { TextDecoder, TextEncoder } = process.getBuiltinModule("util");
    for (const [name, value] of Object.entries({ TextDecoder, TextEncoder }))
      if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
    return process.getBuiltinModule("zlib").gunzipSync!(bytes);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** The segments of any store, with a deadline for each call. */
import { asSageError } from "../errors.js";
import type { Segments, Store } from "../store/store.js";
import { sameBytes } from "../values/bytes.js";
import { toBytes } from "../values/check.js";

/** The segments of a store, or its bytes as one segment, which is read and replaced as a whole. */
export function segmentsOf(store: Store): Segments {
  return store.segments ?? singleSegment(store);
}

/**
 * Resolves to what `call` resolves to. Rejects "storage" if it fails, unless with a SageError, and
 * if it has not settled after `timeoutMs`; it can still take effect afterwards.
 */
export async function withDeadline<T>(call: () => Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeoutPromise = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the store has not answered for ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([call(), timeoutPromise]);
  } catch (error) {
    throw asSageError(
      error,
      "storage",
      "Loading or saving the profile failed; recorded actions stay in memory",
    );
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What a store of the user has: bytes in any form, and undefined or null for none, as key-value
 * stores have it. Other values are returned as they are, to be refused or set aside.
 */
function toStoredBytes(value: Uint8Array | null | undefined): Uint8Array | undefined {
  return toBytes(value) ?? value ?? undefined;
}

/** A token for the state of a store without segments: the bytes of the store. */
interface Token {
  bytes: Uint8Array | undefined;
}

function singleSegment(store: Store): Segments {
  const replace = async (bytes: Uint8Array, given: unknown): Promise<Token | undefined> => {
    let isStale = false;
    const change = (current?: Uint8Array | null): Uint8Array => {
      isStale = !sameBytes(toStoredBytes(current), (given as Token).bytes);
      // Nothing is written if this throws.
      if (isStale) throw new Error("stale");
      return bytes.slice(); // a copy: the store may keep or modify it
    };
    try {
      if (store.update) await store.update(change);
      else await store.save(change(await store.load()));
    } catch (error) {
      if (isStale) return undefined;
      throw error;
    }
    return { bytes };
  };
  return {
    async read(given) {
      const knownToken = given as Token | undefined;
      const bytes = toStoredBytes(await store.load());
      if (knownToken && sameBytes(bytes, knownToken.bytes))
        return { segments: [], token: knownToken, complete: false };
      return { segments: bytes === undefined ? [] : [bytes], token: { bytes }, complete: true };
    },
    append: replace,
    replace,
  };
}

/** `encryptedStore`: a store whose bytes are sealed before they reach another store. */
import { SageError } from "../errors.js";
import { segmentsOf } from "../sage/segments.js";
import { concatenate } from "../store/concatenate.js";
import { checkStore, type Segments, type Store, withSegments } from "../store/store.js";
import {
  checkBoolean,
  checkBytes,
  checkFunction,
  checkKeys,
  toBytes,
  unexpected,
} from "../values/check.js";
import { type Chain, corrupt, createCipher, isRecord, newChain, splitRecords } from "./cipher.js";
import type { Secret } from "./types.js";

const WHERE = "encryptedStore";
const MAGIC = "sage.aes";
const MAX_ATTEMPTS = 50;

/** Options of {@link encryptedStore}. */
export interface EncryptedStoreOptions extends Secret {
  /**
   * Whether to encrypt bytes that the store holds in clear, at the first read. Default: false, they
   * are rejected. Copies that the store has set aside stay in clear until `clear()`.
   */
  migrate?: boolean;
}

/** A state of the encrypted list: that of the inner one, and its last record. */
interface Token {
  readonly inner: unknown;
  readonly chain: Chain | undefined;
}

/** Options of a store, checked: how to seal, and how to read the inner store. */
interface Vault {
  readonly segments: Segments;
  /** Seals the bytes as the only record of a new list. */
  readonly sealNew: (bytes: Uint8Array) => Promise<{ bytes: Uint8Array; chain: Chain }>;
}

/**
 * A store that keeps everything in `store` sealed by AES-256-GCM. Any number of tabs may use it
 * with the same secret. It has `update`, `setAside` and segments if `store` has them; `update` may
 * call its function again after another writer was first.
 *
 * Altered, swapped, repeated, missing or added segments are noticed, except for those missing at
 * the end: an earlier state that the store once had, and an empty store, cannot be told from the
 * newest one. The store sees the sizes, the number and the times of segments.
 *
 * Throws "option" for an invalid option, "not-ready" without WebCrypto. Methods reject "option" for
 * a wrong secret and for data in clear, "corrupt" for altered data, "version" for a newer format;
 * the data are kept. `clear` needs no right secret.
 */
export function encryptedStore(store: Store, options: EncryptedStoreOptions): Store {
  checkStore(`${WHERE}: store`, store);
  checkKeys(WHERE, options, ["key", "passphrase", "migrate"]);
  if (options.migrate !== undefined) checkBoolean(`${WHERE}: migrate`, options.migrate);
  const { segments, sealNew } = openVault(store, options);
  const wrapper: Store = {
    load: async () => concatenate((await segments.read()).segments),
    async save(bytes) {
      // Bytes under another secret, or in clear, are rejected here and not overwritten.
      await segments.read();
      await store.save((await sealNew(bytes)).bytes);
    },
    clear: () => store.clear(),
  };
  if (store.update || store.segments)
    wrapper.update = async (change) => {
      checkFunction(`${WHERE}: update`, change);
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const { segments: current, token } = await segments.read();
        const bytes = change(concatenate(current));
        if ((await segments.replace(bytes, token)) !== undefined) return bytes;
      }
      throw new SageError("storage", `${WHERE}: other writers keep writing: try again.`);
    };
  if (store.setAside)
    wrapper.setAside = async (bytes) => store.setAside!((await sealNew(bytes)).bytes);
  return store.segments ? withSegments(wrapper, segments) : wrapper;
}

function openVault(store: Store, { migrate = false, ...secret }: EncryptedStoreOptions): Vault {
  const cipher = createCipher(WHERE, MAGIC, secret);
  const inner = segmentsOf(store);
  const seal = (given: unknown, chain: Chain) => cipher.seal(checkBytes(WHERE, given), chain);
  const sealNew: Vault["sealNew"] = async (bytes) => seal(bytes, newChain());

  /** The tokens of this store: only these have a state that records can be bound to. */
  const tokens = new WeakSet<Token>();
  const newToken = (inner: unknown, chain: Chain | undefined): Token => {
    const token = { inner, chain };
    tokens.add(token);
    return token;
  };
  const checkToken = (given: unknown): Token => {
    if (tokens.has(given as Token)) return given as Token;
    throw unexpected(`${WHERE}: token`, "one that `read` of this store has returned", given);
  };
  /** The state after a write; undefined if another writer was first. */
  const tokenAfter = (inner: unknown, chain: Chain): Token | undefined =>
    inner === undefined ? undefined : newToken(inner, chain);

  const replace: Segments["replace"] = async (bytes, given) => {
    const { inner: token } = checkToken(given);
    const { bytes: sealed, chain } = await sealNew(bytes);
    return tokenAfter(await inner.replace(sealed, token), chain);
  };
  const read: Segments["read"] = async (given) => {
    const lastToken = given === undefined ? undefined : checkToken(given);
    const { segments: sealedSegments, token, complete } = await inner.read(lastToken?.inner);
    let chain = complete ? undefined : lastToken?.chain;
    if (sealedSegments.length > 0 && !sealedSegments.some(isSealed)) {
      if (chain) throw corrupt(WHERE, "a segment in clear follows encrypted ones");
      if (!migrate)
        throw new SageError(
          "option",
          `${WHERE}: the store holds data in clear. Nothing was changed: pass \`migrate: true\` ` +
            "to encrypt them, or delete them with `clear()`.",
        );
      const plain = concatenate(sealedSegments)!;
      const migrated = await replace(plain, newToken(token, undefined));
      // Undefined: another writer was first.
      return migrated ? { segments: [plain], token: migrated, complete: true } : read(given);
    }
    const segments: Uint8Array[] = [];
    for (const record of sealedSegments.flatMap((bytes) => splitRecords(bytes))) {
      const openedRecord = await cipher.open(record, chain);
      segments.push(openedRecord.plain);
      chain = openedRecord.chain;
    }
    return { segments, token: newToken(token, chain), complete };
  };
  const segments: Segments = {
    read,
    replace,
    async append(bytes, given) {
      const { inner: token, chain = newChain() } = checkToken(given);
      const sealed = await seal(bytes, chain);
      return tokenAfter(await inner.append(sealed.bytes, token), sealed.chain);
    },
  };
  if (inner.watch) segments.watch = (listener) => inner.watch!(listener);
  return { segments, sealNew };
}

function isSealed(bytes: unknown): boolean {
  const view = toBytes(bytes);
  return view !== undefined && isRecord(view, MAGIC);
}

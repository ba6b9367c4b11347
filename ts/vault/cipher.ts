/**
 * Records sealed by AES-256-GCM (WebCrypto), each with a fresh random nonce. A record is bound to
 * its list and to its place in it. Numbers are little-endian.
 *
 * | offset  | content                                                                     |
 * | ------- | --------------------------------------------------------------------------- |
 * | 0       | magic: 8 bytes, "sage.aes" in a store, "sage.syn" in a blob of `sync`       |
 * | 8       | u32: version, currently 1                                                   |
 * | 12      | u32: iterations of PBKDF2-SHA-256; 0 if the caller has the key              |
 * | 16      | u32: place of the record in its list, from 0                                |
 * | 20      | u32: length of the record in bytes                                          |
 * | 24      | salt of PBKDF2, 16 bytes; zeros if the caller has the key                   |
 * | 40      | random name of the list, 16 bytes                                           |
 * | 56      | nonce, 12 bytes                                                             |
 * | 68      | ciphertext                                                                  |
 * | last 16 | authentication tag                                                          |
 *
 * Associated data: the 68 bytes of the head, then the tag of the preceding record (zeros for the
 * first one).
 */
import { SageError } from "../errors.js";
import { inspect } from "../values/check.js";
import type { Secret } from "./types.js";

type Bytes = Uint8Array<ArrayBuffer>;

const VERSION = 1;
const MAGIC_BYTES = 8;
const HEAD_BYTES = 68;
const SALT_BYTES = 16;
const NAME_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bytes of a record apart from its plaintext. */
export const RECORD_OVERHEAD_BYTES = HEAD_BYTES + TAG_BYTES;
const ITERATIONS = 600_000;
/** More iterations are hostile: a head is read before it is authenticated. */
const MAX_ITERATIONS = 10_000_000;

/** The end of a list of records: what the next record is bound to. */
export interface Chain {
  /** Random name of the list. */
  readonly name: Bytes;
  /** Number of records. */
  readonly count: number;
  /** Tag of the last record; zeros for none. */
  readonly tag: Bytes;
}

interface Sealed {
  readonly bytes: Bytes;
  readonly chain: Chain;
}

interface Opened {
  readonly plain: Bytes;
  readonly chain: Chain;
}

export interface Cipher {
  /** Seals the next record of a list. */
  seal(plain: Uint8Array, chain: Chain): Promise<Sealed>;
  /**
   * Opens a record as the next one of a list; without `chain`, as the first one of any list.
   * Rejects "option" if the first record cannot be opened (the secret is wrong, or the record is
   * damaged), "corrupt" for another one, "version" for a newer format.
   */
  open(record: Uint8Array, chain?: Chain): Promise<Opened>;
}

interface Salt {
  readonly salt: Bytes;
  readonly iterations: number;
}

/** The empty list of this name; default: a random one. */
export function newChain(name: Bytes = randomBytes(NAME_BYTES)): Chain {
  return { name, count: 0, tag: new Uint8Array(TAG_BYTES) };
}

/** Throws "option" unless `secret` has either a fitting key or a passphrase. */
export function createCipher(where: string, magic: string, secret: Secret): Cipher {
  const { key, passphrase } = secret;
  if ((key === undefined) === (passphrase === undefined))
    throw new SageError("option", `${where}: expected either a \`key\` or a \`passphrase\`.`);
  if (passphrase === undefined) checkKey(where, key!);
  else if (typeof passphrase !== "string" || passphrase === "")
    throw new SageError("option", `${where}: passphrase: expected a text that is not empty.`);
  const subtle = subtleCrypto();
  const magicBytes = new TextEncoder().encode(magic);
  const keys = new Map<string, Promise<CryptoKey>>();
  let current: Salt | undefined = key && { salt: new Uint8Array(SALT_BYTES), iterations: 0 };

  const keyOf = ({ salt, iterations }: Salt): Promise<CryptoKey> => {
    if (key) return Promise.resolve(key);
    const id = `${iterations} ${salt}`;
    const cachedKey = keys.get(id);
    if (cachedKey) return cachedKey;
    const derived = deriveKey(passphrase!, salt, iterations);
    keys.set(id, derived);
    return derived;
  };
  const algorithmOf = (head: Bytes, { tag }: Chain): AesGcmParams => {
    const additionalData = new Uint8Array(HEAD_BYTES + TAG_BYTES);
    additionalData.set(head);
    additionalData.set(tag, HEAD_BYTES);
    return { name: "AES-GCM", iv: head.subarray(HEAD_BYTES - NONCE_BYTES), additionalData };
  };
  /** Throws unless the head is one that this cipher can open. */
  const checkHead = (head: Bytes): Salt => {
    const view = new DataView(head.buffer, head.byteOffset);
    const version = view.getUint32(8, true);
    const iterations = view.getUint32(12, true);
    if (version > VERSION)
      throw new SageError(
        "version",
        `${where}: the record has version ${version}, expected ${VERSION}: update pocketsage.`,
      );
    if ((iterations === 0) !== (key !== undefined))
      throw new SageError(
        "option",
        `${where}: the data are sealed with a ${key ? "passphrase" : "key"}: pass that instead.`,
      );
    if (!key && (iterations < ITERATIONS || iterations > MAX_ITERATIONS))
      throw corrupt(where, `it has ${iterations} iterations of PBKDF2`);
    return { salt: head.slice(24, 24 + SALT_BYTES), iterations };
  };

  return {
    async seal(plain, chain) {
      current ??= { salt: randomBytes(SALT_BYTES), iterations: ITERATIONS };
      const { salt, iterations } = current;
      const bytes = new Uint8Array(RECORD_OVERHEAD_BYTES + plain.length);
      const view = new DataView(bytes.buffer);
      bytes.set(magicBytes);
      view.setUint32(8, VERSION, true);
      view.setUint32(12, iterations, true);
      view.setUint32(16, chain.count, true);
      view.setUint32(20, bytes.length, true);
      bytes.set(salt, 24);
      bytes.set(chain.name, 24 + SALT_BYTES);
      bytes.set(randomBytes(NONCE_BYTES), HEAD_BYTES - NONCE_BYTES);
      const algorithm = algorithmOf(bytes.slice(0, HEAD_BYTES), chain);
      const cryptoKey = await keyOf(current);
      const sealed = await subtle.encrypt(algorithm, cryptoKey, plain as Bytes);
      bytes.set(new Uint8Array(sealed), HEAD_BYTES);
      return { bytes, chain: after(chain, bytes) };
    },
    async open(record, given) {
      if (!isRecord(record, magic) || record.length < RECORD_OVERHEAD_BYTES)
        throw corrupt(where, "it is no whole record");
      const head = new Uint8Array(record.subarray(0, HEAD_BYTES));
      const salt = checkHead(head);
      const chain = given ?? newChain(head.slice(24 + SALT_BYTES, HEAD_BYTES - NONCE_BYTES));
      const view = new DataView(head.buffer);
      const isNext =
        view.getUint32(16, true) === chain.count &&
        view.getUint32(20, true) === record.length &&
        chain.name.every((byte, index) => byte === head[24 + SALT_BYTES + index]);
      if (!isNext) throw corrupt(where, "its records are not those of one list, in their order");
      const cryptoKey = await keyOf(salt);
      const algorithm = algorithmOf(head, chain);
      const ciphertext = record.slice(HEAD_BYTES) as Bytes;
      const plain = await subtle.decrypt(algorithm, cryptoKey, ciphertext).catch((cause) => {
        if (chain.count > 0) throw corrupt(where, `record ${chain.count} is altered`, cause);
        throw new SageError(
          "option",
          `${where}: the ${key ? "key" : "passphrase"} is wrong, or the data are damaged. ` +
            "Nothing was changed.",
          { cause },
        );
      });
      current = salt;
      return { plain: new Uint8Array(plain), chain: after(chain, record) };
    },
  };
}

/** Whether the bytes begin with this magic. */
export function isRecord(bytes: Uint8Array, magic: string): boolean {
  return new TextDecoder().decode(bytes.subarray(0, MAGIC_BYTES)) === magic;
}

/** The length of a record in bytes, as its head states it. */
export function recordLength(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset).getUint32(20, true);
}

/**
 * The records that follow each other in the bytes. The last one has all that is left, whatever its
 * length says.
 */
export function splitRecords(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  let rest = bytes;
  while (rest.length >= RECORD_OVERHEAD_BYTES) {
    const length = recordLength(rest);
    if (length < RECORD_OVERHEAD_BYTES || length >= rest.length) break;
    records.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return [...records, rest];
}

export function corrupt(where: string, reason: string, cause?: unknown): SageError {
  return new SageError(
    "corrupt",
    `${where}: damaged or altered data: ${reason}. Nothing was changed; \`clear()\` deletes them.`,
    { cause },
  );
}

/** Random bytes. Throws "not-ready" without a cryptographic generator: there is no other source. */
export function randomBytes(length: number): Bytes {
  try {
    return globalThis.crypto.getRandomValues(new Uint8Array(length));
  } catch (cause) {
    const message =
      "No cryptographic randomness: crypto.getRandomValues failed. Nothing was stored.";
    throw new SageError("not-ready", message, { cause });
  }
}

function after(chain: Chain, record: Uint8Array): Chain {
  const tag = new Uint8Array(record.subarray(-TAG_BYTES));
  return { name: chain.name, count: chain.count + 1, tag };
}

function checkKey(where: string, key: CryptoKey): void {
  const { name, length } = (key?.algorithm ?? {}) as Partial<AesKeyAlgorithm>;
  const fits = name === "AES-GCM" && length === 256;
  if (fits && ["encrypt", "decrypt"].every((usage) => key.usages.includes(usage as KeyUsage)))
    return;
  throw new SageError(
    "option",
    `${where}: key: expected a CryptoKey of AES-GCM, 256 bits, for "encrypt" and "decrypt", ` +
      `saw ${name ? `${name}, ${length} bits` : inspect(key)}.`,
  );
}

async function deriveKey(passphrase: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const subtle = subtleCrypto();
  const text = new TextEncoder().encode(passphrase.normalize("NFC"));
  const base = await subtle.importKey("raw", text, "PBKDF2", false, ["deriveKey"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  const kind = { name: "AES-GCM", length: 256 };
  return subtle.deriveKey(parameters, base, kind, false, ["encrypt", "decrypt"]);
}

function subtleCrypto(): SubtleCrypto {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle) return subtle;
  throw new SageError(
    "not-ready",
    "crypto.subtle is missing: serve the page over HTTPS, or use Node 20 or newer.",
  );
}

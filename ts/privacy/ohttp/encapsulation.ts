/**
 * Encapsulation of OHTTP (RFC 9458) with HPKE in base mode: DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256, AES-128-GCM, the suite that every implementation has.
 */
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { SageError } from "../../errors.js";
import { joinBytes } from "../../values/bytes.js";

const KEM_ID = 0x0020;
const KDF_ID = 0x0001;
const AEAD_ID = 0x0001;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PUBLIC_KEY_BYTES = 32;
const HEADER_BYTES = 7;
/** max(Nn, Nk): the length of the response's nonce and of the exported secret. */
const RESPONSE_NONCE_BYTES = 16;
/** Bytes that encapsulation adds to a request, and to a reply. */
export const REQUEST_OVERHEAD_BYTES = HEADER_BYTES + PUBLIC_KEY_BYTES + TAG_BYTES;
export const RESPONSE_OVERHEAD_BYTES = RESPONSE_NONCE_BYTES + TAG_BYTES;
const CONFIG_BYTES = 1 + 2 + PUBLIC_KEY_BYTES + 2 + 4;

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes128Gcm(),
});

/** A public key of a gateway, and its id. */
export interface PublicKeyConfig {
  readonly id: number;
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

/** A private key of a gateway. */
export interface GatewayKey {
  readonly id: number;
  readonly keyPair: CryptoKeyPair;
}

/** A request with what opens its reply. */
interface EncapsulatedRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly openReply: (reply: Uint8Array) => Promise<Uint8Array>;
}

/** A request that was opened. */
interface OpenedRequest {
  readonly plain: Uint8Array;
  /** The encapsulated key (RFC 9180), fresh for each request of an honest client. */
  readonly enc: Uint8Array;
  readonly sealReply: (reply: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;
}

/** The key pair of a seed of at least 32 bytes. */
export async function gatewayKey(id: number, seed: Uint8Array): Promise<GatewayKey> {
  return { id, keyPair: await suite.kem.deriveKeyPair(seed.slice().buffer) };
}

/** Encodes the key configurations, in this order, as `application/ohttp-keys`. */
export async function encodeKeys(keys: readonly GatewayKey[]): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(keys.length * (2 + CONFIG_BYTES));
  const view = new DataView(bytes.buffer);
  for (const [index, { id, keyPair }] of keys.entries()) {
    const start = index * (2 + CONFIG_BYTES);
    view.setUint16(start, CONFIG_BYTES);
    view.setUint8(start + 2, id);
    view.setUint16(start + 3, KEM_ID);
    bytes.set(new Uint8Array(await suite.kem.serializePublicKey(keyPair.publicKey)), start + 5);
    view.setUint16(start + 5 + PUBLIC_KEY_BYTES, 4);
    view.setUint16(start + 7 + PUBLIC_KEY_BYTES, KDF_ID);
    view.setUint16(start + 9 + PUBLIC_KEY_BYTES, AEAD_ID);
  }
  return bytes;
}

/** The first configuration of the supported suite. Throws code "option" if there is none. */
export function decodeKeys(bytes: Uint8Array): PublicKeyConfig {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let start = 0; start + 2 <= bytes.length; ) {
    const length = view.getUint16(start);
    const config = bytes.subarray(start + 2, start + 2 + length);
    const keyConfig = config.length === length ? readConfig(config) : undefined;
    if (keyConfig) return keyConfig;
    start += 2 + length;
  }
  throw new SageError(
    "option",
    "ohttp: keys: expected the bytes of application/ohttp-keys with a key of X25519, " +
      `HKDF-SHA256 and AES-128-GCM, saw ${bytes.length} bytes: fetch them from the gateway.`,
  );
}

function readConfig(config: Uint8Array): PublicKeyConfig | undefined {
  if (config.length < CONFIG_BYTES) return undefined;
  const view = new DataView(config.buffer, config.byteOffset, config.length);
  const suitesStart = 3 + PUBLIC_KEY_BYTES;
  if (view.getUint16(1) !== KEM_ID) return undefined;
  const end = Math.min(config.length, suitesStart + 2 + view.getUint16(suitesStart));
  for (let at = suitesStart + 2; at + 4 <= end; at += 4)
    if (view.getUint16(at) === KDF_ID && view.getUint16(at + 2) === AEAD_ID)
      return { id: view.getUint8(0), publicKey: config.slice(3, suitesStart) };
  return undefined;
}

function headerOf(id: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint8(0, id);
  [KEM_ID, KDF_ID, AEAD_ID].forEach((value, index) => view.setUint16(1 + 2 * index, value));
  return header;
}

function infoOf(header: Uint8Array): ArrayBuffer {
  return joinBytes([encode("message/bhttp request"), Uint8Array.of(0), header]).buffer;
}

/** Encrypts a request to the gateway. */
export async function encapsulate(
  { id, publicKey }: PublicKeyConfig,
  plain: Uint8Array<ArrayBuffer>,
): Promise<EncapsulatedRequest> {
  const header = headerOf(id);
  const recipientPublicKey = await suite.kem.deserializePublicKey(publicKey.slice().buffer);
  const context = await suite.createSenderContext({ recipientPublicKey, info: infoOf(header) });
  const enc = new Uint8Array(context.enc);
  const bytes = joinBytes([header, enc, new Uint8Array(await context.seal(plain.buffer))]);
  const secret = await context.export(
    encode("message/bhttp response").buffer,
    RESPONSE_NONCE_BYTES,
  );
  return {
    bytes,
    async openReply(reply) {
      const nonce = reply.subarray(0, RESPONSE_NONCE_BYTES);
      const { key, iv } = await replyKey(secret, enc, nonce, "decrypt");
      const sealed = reply.slice(RESPONSE_NONCE_BYTES);
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
    },
  };
}

/** The key id of a request; undefined for another suite or a malformed request. */
export function keyIdOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < REQUEST_OVERHEAD_BYTES) return undefined;
  const header = headerOf(bytes[0]!);
  return header.every((byte, index) => byte === bytes[index]) ? bytes[0] : undefined;
}

/** Decrypts a request. Rejects if it was altered or encrypted for another key. */
export async function decapsulate(
  { id, keyPair }: GatewayKey,
  bytes: Uint8Array,
): Promise<OpenedRequest> {
  const enc = bytes.slice(HEADER_BYTES, HEADER_BYTES + PUBLIC_KEY_BYTES);
  const context = await suite.createRecipientContext({
    recipientKey: keyPair,
    enc: enc.buffer,
    info: infoOf(headerOf(id)),
  });
  const sealed = bytes.slice(HEADER_BYTES + PUBLIC_KEY_BYTES);
  const plain = new Uint8Array(await context.open(sealed.buffer));
  const secret = await context.export(
    encode("message/bhttp response").buffer,
    RESPONSE_NONCE_BYTES,
  );
  return {
    plain,
    enc,
    async sealReply(reply) {
      const nonce = crypto.getRandomValues(new Uint8Array(RESPONSE_NONCE_BYTES));
      const { key, iv } = await replyKey(secret, enc, nonce, "encrypt");
      const sealedReply = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, reply);
      return joinBytes([nonce, new Uint8Array(sealedReply)]);
    },
  };
}

/** Key and nonce of a reply (RFC 9458, section 4.4). */
async function replyKey(
  secret: ArrayBuffer,
  enc: Uint8Array,
  nonce: Uint8Array,
  usage: "encrypt" | "decrypt",
): Promise<{ key: CryptoKey; iv: Uint8Array<ArrayBuffer> }> {
  const salt = joinBytes([enc, nonce]);
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const expand = async (info: string, bytes: number): Promise<Uint8Array<ArrayBuffer>> => {
    const algorithm = { name: "HKDF", hash: "SHA-256", salt, info: encode(info) };
    return new Uint8Array(await crypto.subtle.deriveBits(algorithm, base, bytes * 8));
  };
  const keyBytes = await expand("key", KEY_BYTES);
  const key = await crypto.subtle.importKey("raw", keyBytes, "AES-GCM", false, [usage]);
  return { key, iv: await expand("nonce", NONCE_BYTES) };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

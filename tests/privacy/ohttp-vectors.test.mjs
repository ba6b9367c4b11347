// Known answers: the complete example of RFC 9458 (appendix A), in both directions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { decodeMessage, encodeMessage } from "../../pkg/privacy/ohttp/binary-http.js";
import { decapsulate, decodeKeys, encapsulate } from "../../pkg/privacy/ohttp/encapsulation.js";

const hex = (...lines) => new Uint8Array(Buffer.from(lines.join(""), "hex"));
const toHex = (bytes) => Buffer.from(bytes).toString("hex");

const PRIVATE_KEY = hex("3c168975674b2fa8e465970b79c8dcf09f1c741626480bd4c6162fc5b6a98e1a");
const EPHEMERAL_KEY = hex("bc51d5e930bda26589890ac7032f70ad12e4ecb37abb1b65b1256c9c48999c73");
const KEY_CONFIG = hex(
  "01002031e1f05a740102115220e9af918f738674aec95f54db6e04eb705aae8e",
  "79815500080001000100010003",
);
const REQUEST = hex("00034745540568747470730b6578616d706c652e636f6d012f");
const ENC = hex("4b28f881333e7c164ffc499ad9796f877f4e1051ee6d31bad19dec96c208b472");
const ENCAPSULATED_REQUEST = hex(
  "01002000010001",
  toHex(ENC),
  "6374e469135906992e1268c594d2a10c695d858c40a026e7965e7d86b83dd440",
  "b2c0185204b4d63525",
);
const RESPONSE = hex("0140c8");
const RESPONSE_NONCE = hex("c789e7151fcba46158ca84b04464910d");
const ENCAPSULATED_RESPONSE = hex(toHex(RESPONSE_NONCE), "86f9013e404feea014e7be4a441f234f857fbd");

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes128Gcm(),
});

/** The key pair of a private key, whose public key is given. */
async function keyPairOf(privateKey, publicKey) {
  return {
    privateKey: await suite.kem.deserializePrivateKey(privateKey.buffer),
    publicKey: await suite.kem.deserializePublicKey(publicKey.slice().buffer),
  };
}

const gatewayKey = async () => ({
  id: 1,
  keyPair: await keyPairOf(PRIVATE_KEY, KEY_CONFIG.subarray(3, 35)),
});

/** The configuration as `application/ohttp-keys`: with its length. */
const ohttpKeys = () => Uint8Array.from([0, KEY_CONFIG.length, ...KEY_CONFIG]);

test("the key configuration is read", () => {
  const { id, publicKey } = decodeKeys(ohttpKeys());
  assert.equal(id, 1);
  assert.equal(toHex(publicKey), toHex(KEY_CONFIG.subarray(3, 35)));
});

test("the encapsulated request is opened with the private key of the gateway", async () => {
  const { plain, enc } = await decapsulate(await gatewayKey(), ENCAPSULATED_REQUEST);
  assert.equal(toHex(plain), toHex(REQUEST));
  assert.equal(toHex(enc), toHex(ENC));
});

test("the request is encapsulated to the same bytes with the ephemeral key", async (t) => {
  const ephemeral = await keyPairOf(EPHEMERAL_KEY, ENC);
  t.mock.method(crypto.subtle, "generateKey", async () => ephemeral);
  const { bytes, openReply } = await encapsulate(decodeKeys(ohttpKeys()), REQUEST);
  assert.equal(toHex(bytes), toHex(ENCAPSULATED_REQUEST));
  assert.equal(toHex(await openReply(ENCAPSULATED_RESPONSE)), toHex(RESPONSE));
});

test("the reply is sealed to the same bytes with the nonce", async (t) => {
  const { sealReply } = await decapsulate(await gatewayKey(), ENCAPSULATED_REQUEST);
  t.mock.method(crypto, "getRandomValues", (array) => {
    array.set(RESPONSE_NONCE);
    return array;
  });
  assert.equal(toHex(await sealReply(RESPONSE)), toHex(ENCAPSULATED_RESPONSE));
});

test("binary HTTP: messages whose empty sections at the end are missing", () => {
  const request = decodeMessage(REQUEST);
  assert.deepEqual(request.control, ["GET", "https", "example.com", "/"]);
  assert.deepEqual([request.fields, request.body.length], [[], 0]);
  const response = decodeMessage(RESPONSE);
  assert.deepEqual([response.control, response.fields, response.body.length], [200, [], 0]);
  for (const length of [0, 1, 5, 20]) assert.throws(() => decodeMessage(REQUEST.slice(0, length)));
  const padded = encodeMessage(request, 0);
  assert.equal(padded.length, 256);
  assert.deepEqual(decodeMessage(padded), { ...request, body: new Uint8Array() });
});

// OHTTP: what the relay and the gateway see, and every altered, repeated or foreign message.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ohttpFetch, ohttpGateway } from "../../pkg/privacy/ohttp/index.js";

const START = 1_800_000_000_000;
const RELAY = "https://relay.example/ohttp";
const GATEWAY = "https://gateway.example/.well-known/ohttp-gateway";
const OHTTP = { "content-type": "message/ohttp-req" };
const seed = (value) => new Uint8Array(32).fill(value);

/**
 * A client, a relay and a gateway in memory. `relayed` has what the relay sees of each exchange,
 * `handled` the requests that the gateway opened. `alter` changes bodies on their way.
 */
async function openNetwork({ keys = [[7, seed(1)]], alter = {}, handle, ...options } = {}) {
  const handled = [];
  const relayed = [];
  const gateway = await ohttpGateway({
    keys,
    now: () => START,
    handle: async (request) => {
      const { method, url, headers } = request;
      const body = new Uint8Array(await request.clone().arrayBuffer());
      handled.push({ method, url, headers: Object.fromEntries(headers), body });
      return (await handle?.(request)) ?? new Response(body, { status: 200 });
    },
    ...options,
  });
  const config = new Uint8Array(await (await gateway(new Request(GATEWAY))).arrayBuffer());
  const relay = async (url, { body, headers }) => {
    assert.equal(url, RELAY);
    const sent = alter.request?.(body) ?? body;
    const reply = await gateway(new Request(GATEWAY, { method: "POST", body: sent, headers }));
    const answer = new Uint8Array(await reply.arrayBuffer());
    relayed.push({ headers, sent, answer, status: reply.status });
    const { status } = reply;
    return new Response(reply.ok ? (alter.reply?.(answer) ?? answer) : answer, { status });
  };
  const connect = (more = {}) =>
    ohttpFetch({ relay: RELAY, keys: config, fetch: relay, now: () => START, ...more });
  return { gateway, config, connect, handled, relayed };
}

const post = (send, body, headers = {}) =>
  send("https://target.example/v1/cells/xor?a=1", { method: "POST", body, headers });

test("a request arrives whole, and its reply comes back", async () => {
  const { connect, handled } = await openNetwork({
    handle: async () =>
      new Response("no", { status: 409, headers: { "content-type": "text/plain", "x-id": "1" } }),
  });
  const body = crypto.getRandomValues(new Uint8Array(1500));
  const headers = { authorization: "Bearer t", "content-type": "application/octet-stream" };
  const reply = await post(connect(), body, { ...headers, "x-device": "42" });
  assert.equal(reply.status, 409);
  assert.equal(await reply.text(), "no");
  assert.deepEqual(Object.fromEntries(reply.headers), { "content-type": "text/plain" });
  const [{ date: _, ...fields }, request] = [handled[0].headers, handled[0]];
  assert.deepEqual(fields, headers, "other fields could single out a device");
  assert.deepEqual(
    [request.method, request.url],
    ["POST", "https://target.example/v1/cells/xor?a=1"],
  );
  assert.deepEqual(request.body, body);
});

test("the relay sees ciphertexts in few lengths, and nothing else", async () => {
  const { connect, relayed } = await openNetwork();
  const send = connect();
  const lengths = new Set();
  for (const size of [0, 1, 50, 300, 301, 700, 1000, 3000]) {
    const secret = new Uint8Array(size).fill(0x41);
    await post(send, secret, { authorization: "Bearer SECRETTOKEN" });
    const { headers, sent, answer } = relayed.at(-1);
    assert.deepEqual(headers, OHTTP);
    for (const bytes of [sent, answer]) {
      assert.ok(Number.isInteger(Math.log2(bytes.length)), `${bytes.length}`);
      assert.doesNotMatch(Buffer.from(bytes).toString("latin1"), /SECRET|target|AAAA|cells/);
      lengths.add(bytes.length);
    }
  }
  assert.deepEqual(
    [...lengths].sort((a, b) => a - b),
    [256, 512, 1024, 2048, 4096],
  );
  const equal = relayed.filter(({ sent }) => sent.length === 256).map(({ sent }) => sent.join());
  assert.equal(new Set(equal).size, equal.length, "equal requests have other ciphertexts");
});

test("an altered request or reply is an error, at every byte", async () => {
  for (let index = 0; index < 256; index += 1) {
    const flip = (bytes) => {
      const altered = bytes.slice();
      altered[index] ^= 1;
      return altered;
    };
    const network = await openNetwork({ alter: { request: flip } });
    const pattern = index < 7 ? /other keys/ : /answer was 400 \(The request was altered/;
    const rejected = { code: "retrieval", message: pattern };
    await assert.rejects(post(network.connect(), new Uint8Array(9)), rejected, `byte ${index}`);
    assert.equal(network.handled.length, 0);
    const replies = await openNetwork({ alter: { reply: flip } });
    await assert.rejects(post(replies.connect(), new Uint8Array(9)), {
      code: "retrieval",
      message: /reply was altered.*No other request/,
    });
  }
});

test("truncated, empty and extended messages are errors", async () => {
  for (const change of [
    (bytes) => bytes.slice(0, 100),
    (bytes) => bytes.slice(0, 30),
    (bytes) => new Uint8Array([...bytes, 0]),
    () => new Uint8Array(),
  ]) {
    const requests = await openNetwork({ alter: { request: change } });
    await assert.rejects(post(requests.connect(), new Uint8Array(9)), { code: "retrieval" });
    assert.equal(requests.handled.length, 0);
    const replies = await openNetwork({ alter: { reply: change } });
    await assert.rejects(post(replies.connect(), new Uint8Array(9)), { code: "retrieval" });
  }
});

test("the reply of another request is an error", async () => {
  const first = [];
  const swap = (answer) => {
    first.push(answer);
    return first[0];
  };
  const { connect } = await openNetwork({ alter: { reply: swap } });
  const send = connect();
  await post(send, new Uint8Array(9));
  await assert.rejects(post(send, new Uint8Array(9)), /that of another request/);
});

test("a repeated request is refused, and so is one of another time", async () => {
  const { connect, gateway, relayed, handled } = await openNetwork();
  await post(connect(), new Uint8Array(9));
  const repeat = () =>
    gateway(new Request(GATEWAY, { method: "POST", body: relayed[0].sent, headers: OHTTP }));
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const reply = await repeat();
    assert.equal(reply.status, 400);
    assert.match((await reply.json()).title, /received before/);
  }
  for (const minutes of [-6, 6]) {
    const late = connect({ now: () => START + minutes * 60_000 });
    await assert.rejects(post(late, new Uint8Array(9)), /date is missing, or not that of this/);
  }
  assert.equal(handled.length, 1);
});

test("rotation: the first key is offered, earlier ones work, others are named", async () => {
  const old = await openNetwork();
  const rotated = await openNetwork({
    keys: [
      [8, seed(2)],
      [7, seed(1)],
    ],
  });
  assert.equal(rotated.config.length, 2 * old.config.length);
  assert.equal((await post(rotated.connect(), new Uint8Array(1))).status, 200);
  assert.equal(rotated.relayed[0].sent[0], 8);
  assert.equal((await post(rotated.connect({ keys: old.config }), new Uint8Array(1))).status, 200);
  assert.equal(rotated.relayed[1].sent[0], 7);

  const removed = await openNetwork({ keys: [[8, seed(2)]] });
  const outdated = post(removed.connect({ keys: old.config }), new Uint8Array(1));
  await assert.rejects(outdated, { code: "retrieval", message: /other keys: deliver/ });
  // The same id with another key, as an attacker or a mistake would have it.
  const replaced = await openNetwork({ keys: [[7, seed(3)]] });
  const wrong = post(replaced.connect({ keys: old.config }), new Uint8Array(1));
  await assert.rejects(wrong, /altered, or is for another key/);
});

test("the configuration is that of RFC 9458", async () => {
  const { gateway, config } = await openNetwork({ keys: [[1, seed(4)]] });
  const reply = await gateway(new Request(GATEWAY));
  assert.equal(reply.headers.get("content-type"), "application/ohttp-keys");
  // Length 41; id 1, KEM 0x0020; 32 bytes; 4 bytes of suites: KDF 1, AEAD 1.
  assert.equal(Buffer.from(config.subarray(0, 5)).toString("hex"), "0029010020");
  assert.equal(Buffer.from(config.subarray(37)).toString("hex"), "000400010001");
  const foreign = config.slice();
  foreign[4] = 0x10; // P-256
  for (const keys of [foreign, new Uint8Array(), new Uint8Array(9), config.slice(0, 20)])
    assert.throws(() => ohttpFetch({ relay: RELAY, keys }), { code: "option" });
  const second = Uint8Array.from([...foreign, ...config]);
  ohttpFetch({ relay: RELAY, keys: second }); // an unknown suite is skipped
});

test("the gateway refuses what is no OHTTP, and what is too large", async () => {
  const { gateway } = await openNetwork({ maxBytes: 1024 });
  const send = (init) => gateway(new Request(GATEWAY, init));
  assert.equal((await send({ method: "PUT", body: "x" })).status, 405);
  assert.equal((await send({ method: "POST", body: "x" })).status, 415);
  const large = await send({ method: "POST", body: new Uint8Array(1025), headers: OHTTP });
  assert.equal(large.status, 413);
  const { connect } = await openNetwork({ maxBytes: 1024 });
  await assert.rejects(post(connect(), new Uint8Array(2000)), /413 \(.*larger than 1024/);
});

test("invalid options of client and gateway are refused", async () => {
  const handle = async () => new Response();
  for (const keys of [
    undefined,
    [],
    [[256, seed(1)]],
    [[1, new Uint8Array(31)]],
    [[1, "text"]],
    [5],
    [null],
    [
      [1, seed(1)],
      [1, seed(2)],
    ],
  ])
    await assert.rejects(ohttpGateway({ keys, handle }), { code: "option" });
  for (const wrong of [{ handle: undefined }, { handle, now: 5 }])
    await assert.rejects(ohttpGateway({ keys: [[1, seed(1)]], ...wrong }), {
      code: "option",
      message: /expected a function/,
    });
  const { config } = await openNetwork();
  for (const options of [
    { relay: "nowhere", keys: config },
    { relay: RELAY, keys: "text" },
    { relay: RELAY, keys: config, gateway: GATEWAY },
    { relay: "javascript:alert(1)", keys: config },
    { relay: "https://user@relay.example/", keys: config },
    { relay: RELAY, keys: config, fetch: "fetch" },
    { relay: RELAY, keys: config, now: START },
  ])
    assert.throws(() => ohttpFetch(options), { code: "option" });
});

test("a relay that fails is a clear error", async () => {
  const { config } = await openNetwork();
  const connect = (fetch) => ohttpFetch({ relay: RELAY, keys: config, fetch });
  const page = async () => new Response("<html>", { status: 502 });
  await assert.rejects(post(connect(page), new Uint8Array(1)), /the answer was 502\. No other/);
  const hostile = async () => Response.json({ title: "\u001b[2J".repeat(99) }, { status: 500 });
  const long = ohttpFetch({
    relay: `${RELAY}${"x".repeat(999)}?key=secret`,
    keys: config,
    fetch: hostile,
  });
  await assert.rejects(post(long, new Uint8Array(1)), ({ code, message }) => {
    assert.equal(code, "retrieval");
    assert.doesNotMatch(message, /\p{Cc}|secret/u);
    return message.length <= 500;
  });
  const noKey = ohttpFetch({
    relay: RELAY,
    keys: config.map((byte, at) => (at < 5 || at > 36 ? byte : 0)),
  });
  await assert.rejects(noKey("https://target.example/"), { code: "option", message: /X25519/ });
  const controller = new AbortController();
  const pending = connect((_, { signal }) => {
    controller.abort();
    return Promise.reject(signal.reason);
  })("https://target.example/", { signal: controller.signal });
  await assert.rejects(pending, { name: "AbortError" });
});

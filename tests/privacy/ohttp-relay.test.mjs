// The relay of pocketsage/privacy/ohttp between two servers: what it passes on, and what not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ohttpFetch, ohttpGateway, ohttpRelay } from "../../pkg/privacy/ohttp/index.js";
import { listen, serveFetch } from "../../scripts/lib/http.mjs";

const PATH = "/.well-known/ohttp-gateway";
const ORIGIN = "https://shop.example";
const OHTTP = { "content-type": "message/ohttp-req" };
const seed = new Uint8Array(32).fill(5);

/**
 * A relay and a gateway, each a server on 127.0.0.1. `received` has the header fields that reach
 * the gateway; `options` are those of the relay.
 */
async function openServers(t, { handle, gateway, ...options } = {}) {
  const received = [];
  const answer = await ohttpGateway({
    keys: [[1, seed]],
    handle: handle ?? (async (request) => new Response(await request.text(), { status: 201 })),
  });
  const gatewayServer = await serveFetch(async (request) => {
    received.push(Object.fromEntries(request.headers));
    return answer(request);
  });
  t.after(gatewayServer.close);
  const url = new URL(PATH, gatewayServer.origin);
  const relay = ohttpRelay({ gateway: gateway ?? url, origins: [ORIGIN], ...options });
  const relayServer = await serveFetch(relay);
  t.after(relayServer.close);
  const keys = new Uint8Array(await (await fetch(url)).arrayBuffer());
  received.length = 0;
  return { relay: relayServer.origin, keys, received };
}

const post = (send) => send("https://target.example/v1/x", { method: "POST", body: "in" });

test("a request arrives without anything of the device", async (t) => {
  const { relay, keys, received } = await openServers(t);
  const device = {
    "user-agent": "Device/1",
    cookie: "id=cookie-of-device",
    "x-forwarded-for": "192.0.2.7",
    forwarded: "for=192.0.2.7",
    referer: "https://shop.example/a",
    origin: ORIGIN,
    "accept-language": "de-CH",
    "x-real-ip": "192.0.2.7",
    authorization: "Bearer token-of-device",
  };
  const fetch = (url, init) =>
    globalThis.fetch(url, { ...init, headers: { ...init.headers, ...device } });
  const reply = await post(ohttpFetch({ relay, keys, fetch }));
  assert.deepEqual([reply.status, await reply.text()], [201, "in"]);
  assert.equal(received.length, 1);
  const [{ host, connection, "content-length": length, ...fields }] = received;
  // Those of the server's own HTTP client are the same for all devices.
  const own = await fieldsOfPlainFetch();
  assert.deepEqual(fields, { ...own, ...OHTTP });
  assert.ok(Number.isInteger(Math.log2(Number(length))));
  assert.doesNotMatch(JSON.stringify(received), /Device|of-device|192\.0|shop\.example|de-CH/);
});

/** The header fields that fetch of this runtime sends with a POST by itself. */
async function fieldsOfPlainFetch() {
  let fields;
  const server = await listen((request, response) => {
    ({ ...fields } = request.headers);
    response.end();
  });
  await fetch(server.origin, { method: "POST", body: new Uint8Array(1), redirect: "manual" });
  await server.close();
  const { host, connection, "content-length": _, "content-type": __, ...own } = fields;
  return own;
}

test("pages of listed origins may call, others not", async (t) => {
  const { relay } = await openServers(t);
  for (const [origin, allowed] of [
    [ORIGIN, ORIGIN],
    ["https://other.example", null],
  ])
    for (const method of ["OPTIONS", "POST"]) {
      const reply = await fetch(relay, { method, headers: { origin } });
      assert.equal(reply.headers.get("access-control-allow-origin"), allowed);
      assert.equal(reply.status, method === "OPTIONS" ? 204 : 415);
    }
});

test("each client is limited at the relay, before anything is passed on", async (t) => {
  let passed = 0;
  const limit = async (request) => request.headers.get("user-agent") !== "Greedy" || ++passed <= 2;
  const { relay, keys, received } = await openServers(t, { limit });
  const fetchAs = (name) => (url, init) =>
    fetch(url, { ...init, headers: { ...init.headers, "user-agent": name } });
  const greedy = ohttpFetch({ relay, keys, fetch: fetchAs("Greedy") });
  await post(greedy);
  await post(greedy);
  await assert.rejects(post(greedy), /answer was 429 \(Too many requests\)/);
  await post(ohttpFetch({ relay, keys, fetch: fetchAs("Modest") }));
  assert.equal(received.length, 3);
});

test("what is no OHTTP, or too large, stays at the relay", async (t) => {
  const { relay, received } = await openServers(t, { maxBytes: 1024 });
  const statusOf = async (init) => (await fetch(relay, init)).status;
  assert.equal(await statusOf({ method: "GET" }), 405);
  assert.equal(await statusOf({ method: "POST", body: "x" }), 415);
  const large = { method: "POST", body: new Uint8Array(1025), headers: OHTTP };
  assert.equal(await statusOf(large), 413);
  assert.equal(received.length, 0);
});

test("refusals of the gateway pass; one that is down, slow or none is an error", async (t) => {
  const { relay, keys } = await openServers(t);
  const other = keys.slice();
  other[2] = 9; // the id of the key
  await assert.rejects(post(ohttpFetch({ relay, keys: other })), /the gateway has other keys/);
  const altered = ohttpFetch({
    relay,
    keys,
    fetch: (url, init) => {
      init.body[100] ^= 1;
      return fetch(url, init);
    },
  });
  await assert.rejects(post(altered), /400 \(The request was altered/);

  const page = await listen((_, response) => response.end("<html>"));
  t.after(page.close);
  const hanging = await listen(() => undefined);
  t.after(hanging.close);
  for (const [gateway, message] of [
    ["http://127.0.0.1:1/", /502 \(The gateway cannot be reached\)/],
    [page.origin, /502 \(The reply of the gateway is not one of OHTTP: check its address\)/],
    [hanging.origin, /504 \(The gateway does not answer\)/],
  ]) {
    const broken = await openServers(t, { gateway, timeout: 300 });
    await assert.rejects(post(ohttpFetch({ relay: broken.relay, keys })), message);
  }
});

test("a handler that returns no Response is a clear error of the gateway", async () => {
  for (const wrong of [undefined, null, "text", { status: 200 }, 5]) {
    const gateway = await ohttpGateway({ keys: [[1, seed]], handle: async () => wrong });
    const url = `https://gateway.example${PATH}`;
    const keys = new Uint8Array(await (await gateway(new Request(url))).arrayBuffer());
    const relay = ohttpRelay({ gateway: url, fetch: (to, init) => gateway(new Request(to, init)) });
    let failure;
    const fetchRelay = (to, init) =>
      relay(new Request(to, init)).catch((error) => {
        failure = error;
        throw error;
      });
    // `fetch` of the relay gets the rejection, as it would a broken connection.
    const send = ohttpFetch({ relay: "https://relay.example", keys, fetch: fetchRelay });
    await assert.rejects(post(send), /502 \(The gateway cannot be reached\)/);
    assert.equal(failure, undefined);
    const direct = ohttpFetch({
      relay: url,
      keys,
      fetch: (to, init) => gateway(new Request(to, init)),
    });
    await assert.rejects(post(direct), {
      code: "option",
      message: /handle: expected a Response for each request, saw/,
    });
  }
});

test("options of the relay are checked", () => {
  const gateway = "https://gateway.example";
  for (const options of [
    {},
    { gateway: "javascript:alert(1)" },
    { gateway, origins: ORIGIN },
    { gateway, limit: 5 },
    { gateway, fetch: 5 },
    { gateway, timeout: 0 },
    { gateway, maxBytes: 0 },
    { gateway, gateways: [] },
  ])
    assert.throws(() => ohttpRelay(options), { code: "option" });
});

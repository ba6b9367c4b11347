// The Worker as a service: its size and allowed origins.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { jsonOf, useWorker } from "./fixture.mjs";
import { bundle } from "./worker.mjs";

const edge = useWorker();

test("the bundle is smaller than 1 MB gzipped, and as large as documented to 2 %", async () => {
  const { gzip } = await bundle();
  assert.ok(gzip < 1 << 20, `${gzip} bytes`);
  const document = await readFile(new URL("../../docs/edge.md", import.meta.url), "utf8");
  const [, kilobytes] = document.match(/The Worker is (\d+) KB gzipped/);
  assert.ok(Math.abs(gzip / 1024 / kilobytes - 1) < 0.02, `${kilobytes} KB, ${gzip} bytes`);
});

test("CORS allows exactly the configured origins", async () => {
  const options = (origin) =>
    edge.worker.request("/v1/profile", {
      user: null,
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "GET" },
    });
  assert.equal(
    (await options("https://shop.example")).headers.get("access-control-allow-origin"),
    "https://shop.example",
  );
  for (const origin of [
    "https://shop.example.evil.com",
    "http://shop.example",
    "https://evil.com",
    "null",
  ]) {
    assert.equal((await options(origin)).headers.get("access-control-allow-origin"), null, origin);
  }
});

test("an unknown path is a 404, and /health needs no token", async () => {
  await jsonOf(await edge.worker.request("/v2/nothing"), 404);
  assert.deepEqual(await jsonOf(await edge.worker.request("/health", { user: null })), {
    ok: true,
  });
});

test("error responses have CORS headers, so that a page can read them", async () => {
  const headers = { origin: "https://shop.example" };
  for (const [reply, status] of [
    [await edge.worker.request("/v1/profile", { user: null, headers }), 401],
    [await edge.worker.request("/v1/retrieve", { json: {}, headers }), 400],
    [await edge.worker.request("/v1/nothing", { headers }), 404],
  ]) {
    assert.equal(reply.status, status);
    assert.equal(reply.headers.get("access-control-allow-origin"), "https://shop.example");
    assert.match(reply.headers.get("vary") ?? "", /origin/i);
    assert.equal(reply.headers.get("cache-control"), "no-store");
    await reply.text();
  }
});

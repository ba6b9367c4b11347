// pocketsage/ranged: which requests are repeated, how often, and when.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { httpSource, openRanged } from "pocketsage/ranged";
import { buildRanged, PATH, withServer } from "./ranged-world.mjs";

let world;
before(async () => {
  world = await buildRanged();
});

describe("retries", () => {
  const failure = (status, headers = {}) => ({ status, headers, body: Buffer.alloc(0) });

  /**
   * Opens the file at a server that then answers the first `times` requests for each range by
   * `answer`. Calls `use(search, requests, server)`; `requests()` counts those of each range.
   */
  const withFailures = async (times, answer, use, options = {}) => {
    let counts;
    const change = (given) => {
      if (!counts) return given;
      counts.set(given.range, (counts.get(given.range) ?? 0) + 1);
      return counts.get(given.range) <= times ? answer : given;
    };
    await withServer(world.bytes, { answer: change }, async (server, address) => {
      const ranged = await openRanged(httpSource(address, options));
      counts = new Map();
      const search = (more) => ranged.search(world.vectors[0], { count: 1, ...more });
      await use(search, () => [...counts.values()], server);
    });
  };
  const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const until = async (isMet) => {
    while (!isMet()) await sleep(5);
  };

  for (const status of [429, 500, 503])
    test(`a ${status} is requested again, at most twice`, async () => {
      await withFailures(2, failure(status), async (search, requests) => {
        assert.equal((await search())[0].item, "item-0");
        assert.ok(requests().length > 0);
        assert.ok(requests().every((count) => count === 3));
      });
      await withFailures(Infinity, failure(status), async (search, requests) => {
        const message = new RegExp(`answered ${status} .*: try again later`);
        await assert.rejects(search(), { code: "retrieval", message });
        assert.ok(requests().some((count) => count === 3));
        assert.ok(requests().every((count) => count <= 3));
      });
    });

  test("other statuses are not requested again", async () => {
    for (const status of [204, 304, 403, 404, 416])
      await withFailures(Infinity, failure(status), async (search, requests) => {
        await assert.rejects(search(), { code: "retrieval" });
        assert.ok(requests().every((count) => count === 1));
      });
  });

  test("Retry-After is waited for; beyond 5 seconds nothing is requested again", async () => {
    await withFailures(1, failure(503, { "retry-after": "1" }), async (search) => {
      const start = performance.now();
      assert.equal((await search())[0].item, "item-0");
      assert.ok(performance.now() - start >= 990);
    });
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    for (const header of ["6", "4000000000", inAMinute])
      await withFailures(1, failure(429, { "retry-after": header }), async (search, requests) => {
        await assert.rejects(search(), /answered 429 .*try again/);
        assert.ok(requests().every((count) => count === 1));
      });
  });

  test("retries: 0 switches them off; other values are refused", async () => {
    const use = async (search, requests) => {
      await assert.rejects(search(), /answered 503/);
      assert.ok(requests().every((count) => count === 1));
    };
    await withFailures(1, failure(503), use, { retries: 0 });
    for (const retries of [-1, 11, 1.5, "2"])
      assert.throws(() => httpSource("https://a.example/x", { retries }), { code: "option" });
  });

  test("an aborted search rejects at once, and requests nothing again", async () => {
    await withFailures(1, failure(503, { "retry-after": "5" }), async (search, requests) => {
      const controller = new AbortController();
      const searching = search({ signal: controller.signal });
      await until(() => requests().length > 0);
      setTimeout(() => controller.abort(), 50);
      const start = performance.now();
      await assert.rejects(searching, { code: "aborted" });
      assert.ok(performance.now() - start < 3000);
      await sleep(100);
      assert.ok(requests().every((count) => count === 1));
    });
  });

  test("a file that is replaced during a wait is not mixed with the old one", async () => {
    const other = await buildRanged({ seed: 2 });
    await withFailures(1, failure(503), async (search, requests, server) => {
      const searching = search({ exact: true });
      await until(() => requests().length > 0);
      server.files[PATH] = other.bytes;
      const message = /was replaced while it was open.* Open it again/;
      await assert.rejects(searching, { code: "retrieval", message });
      assert.ok(requests().every((count) => count <= 2));
    });
  });

  test("a server that cannot be reached for a moment", async () => {
    let refusals = 2;
    await withServer(world.bytes, {}, async (_, address) => {
      const fetch = async (request) => {
        refusals -= 1;
        if (refusals >= 0) throw new TypeError("fetch failed");
        return globalThis.fetch(request);
      };
      const ranged = await openRanged(httpSource(address, { fetch }));
      assert.equal((await ranged.search(world.vectors[0], { count: 1 }))[0].item, "item-0");
    });
  });

  test("a body that breaks off is requested again", async () => {
    let breaks = 1;
    await withServer(world.bytes, {}, async (_, address) => {
      const fetch = async (request) => {
        const response = await globalThis.fetch(request);
        if (breaks === 0) return response;
        breaks -= 1;
        const head = new Uint8Array(await response.arrayBuffer(), 0, 1);
        const body = new ReadableStream({
          start: (controller) => controller.enqueue(head),
          pull: (controller) => controller.error(new TypeError("terminated")),
        });
        return new Response(body, { status: 206, headers: response.headers });
      };
      const ranged = await openRanged(httpSource(address, { fetch }));
      assert.equal((await ranged.search(world.vectors[0], { count: 1 }))[0].item, "item-0");
      assert.equal(breaks, 0);
    });
  });

  test("a replaced fetch that returns no response is an error of the option", async () => {
    for (const result of [undefined, null, 42, {}])
      await assert.rejects(
        openRanged(httpSource("https://a.example/x", { fetch: async () => result })),
        { code: "option", message: /fetch: expected a function that resolves to a Response, saw/ },
      );
  });
});

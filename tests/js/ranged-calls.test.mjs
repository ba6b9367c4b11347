// pocketsage/ranged: calls at the same time, equal refusals in both modes, and failing caches.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { httpSource, openRanged } from "pocketsage/ranged";
import { asBlob, buildRanged } from "./ranged-world.mjs";

describe("calls at the same time", () => {
  const filter = { field: "parity", is: "even" };

  /** A source whose reads of the attributes wait until `release` is called. */
  async function slowAttributes() {
    const { bytes } = await buildRanged({ n: 60 });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    let entry = 64;
    while (view.getUint32(entry, true) !== 10) entry += 24;
    const attributesAt = Number(view.getBigUint64(entry + 8, true));
    const blob = asBlob(bytes);
    const state = { reads: 0, aborted: 0, release: () => undefined };
    const released = new Promise((resolve) => {
      state.release = resolve;
    });
    const read = async (offset, length, options) => {
      if (offset === attributesAt) {
        state.reads += 1;
        options.signal?.addEventListener("abort", () => {
          state.aborted += 1;
        });
        await released;
      }
      return blob.read(offset, length, options);
    };
    return { state, ranged: await openRanged({ ...blob, read }) };
  }

  const query = new Float32Array(24).fill(1);

  test("an aborted search does not abort another that waits for the same attributes", async () => {
    const { state, ranged } = await slowAttributes();
    const controller = new AbortController();
    const first = ranged.search(query, { filter, signal: controller.signal });
    const second = ranged.search(query, { filter });
    await new Promise((resolve) => setTimeout(resolve));
    controller.abort();
    await assert.rejects(first, { code: "aborted" });
    state.release();
    assert.equal((await second).length, 20);
    assert.deepEqual([state.reads, state.aborted], [1, 0]);
    assert.equal((await ranged.search(query, { filter })).length, 20);
    assert.equal(state.reads, 1);
  });

  test("the read is aborted once every search that waits for it is", async () => {
    const { state, ranged } = await slowAttributes();
    const controllers = [new AbortController(), new AbortController()];
    const searches = controllers.map(({ signal }) => ranged.search(query, { filter, signal }));
    await new Promise((resolve) => setTimeout(resolve));
    for (const controller of controllers) controller.abort();
    for (const search of searches) await assert.rejects(search, { code: "aborted" });
    assert.equal(state.aborted, 1);
    state.release();
    assert.equal((await ranged.search(query, { filter })).length, 20);
    assert.equal(state.reads, 2);
  });

  test("searches under way when the catalogue is closed keep no memory", async () => {
    const { bytes, vectors } = await buildRanged({ n: 60 });
    const ranged = await openRanged(asBlob(bytes));
    const searches = vectors.map((vector) => ranged.search(vector));
    ranged.close();
    for (const search of searches) await assert.rejects(search, { code: "closed" });
    assert.equal(ranged.byteLength, 0);
  });
});

test("both modes refuse the same arguments", async () => {
  const { bytes, vectors } = await buildRanged({ n: 60 });
  const { readWhole } = asBlob(bytes);
  const ignoresRanges = async () => new Response(await new Response(await readWhole()).blob());
  const catalogues = [
    await openRanged(asBlob(bytes)),
    await openRanged(httpSource("https://host.example/x.sage", { fetch: ignoresRanges })),
  ];
  assert.deepEqual(
    catalogues.map(({ mode }) => mode),
    ["ranges", "whole"],
  );
  const [vector] = vectors;
  const aborted = AbortSignal.abort();
  const calls = [
    ["option", ({ vector }) => vector("item-1", { x: 1 })],
    ["option", ({ vector }) => vector("item-1", null)],
    ["option", ({ payload }) => payload("item-1", { x: 1 })],
    ["aborted", ({ vector }) => vector("item-1", { signal: aborted })],
    ["aborted", ({ payload }) => payload("item-1", { signal: aborted })],
    ["option", ({ vectors }) => vectors("item-1")],
    ["option", ({ vectors }) => vectors(null)],
    ["option", ({ retriever }) => retriever(null)],
    ["option", ({ retriever }) => retriever([null])],
    ["option", ({ retriever }) => retriever([{ vector, count: NaN }])],
    ["option", ({ retriever }) => retriever([{ vector, count: 0 }])],
    ["dimension", ({ retriever }) => retriever([{ vector: [1], count: 1 }])],
    // biome-ignore lint/suspicious/noSparseArray: a hole is the value under test.
    ["option", ({ searchMany }) => searchMany([, vector])],
    ["option", ({ search }) => search(vector, { signal: new AbortController() })],
    ["option", ({ search }) => search(vector, { signal: "now" })],
  ];
  for (const catalogue of catalogues)
    for (const [code, call] of calls)
      await assert.rejects(async () => call(catalogue), { code }, `${catalogue.mode}: ${call}`);
  await assert.rejects(async () => catalogues[0].retriever.outbound(null), { code: "option" });
  await assert.rejects(openRanged(asBlob(bytes), { signal: new AbortController() }), {
    code: "option",
    message: /signal: expected an AbortSignal, saw an AbortController/,
  });
});

describe("the Cache API", () => {
  /** Replaces `globalThis.caches` while `use` runs. */
  async function withCaches(descriptor, use) {
    const before = Object.getOwnPropertyDescriptor(globalThis, "caches");
    Object.defineProperty(globalThis, "caches", { ...descriptor, configurable: true });
    try {
      return await use();
    } finally {
      if (before) Object.defineProperty(globalThis, "caches", before);
      else delete globalThis.caches;
    }
  }

  /** A Cache API over a Map; `faults` replace methods of its cache. */
  function fakeCaches(parts, faults = {}) {
    const cache = {
      keys: async () => [...parts.keys()].map((url) => ({ url })),
      match: async (url) => parts.get(url)?.clone(),
      put: async (url, response) => void parts.set(url, response),
      delete: async (url) => parts.delete(url),
      ...faults,
    };
    return { value: { open: async () => cache } };
  }

  const openAndSearch = async (bytes, vector) => {
    const ranged = await openRanged(asBlob(bytes), { cache: true, memory: 0 });
    const [{ item }] = await ranged.search(vector, { count: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { item, ...ranged.traffic };
  };

  test("refused, failing or full caches only cost requests", async () => {
    const { bytes, vectors } = await buildRanged({ n: 60 });
    const fail = (name) => () => {
      throw new DOMException("no", name);
    };
    const reject = (name) => async () => fail(name)();
    const states = [
      // The getter of a sandboxed frame throws.
      ["refused", { get: fail("SecurityError") }],
      ["refused", { value: { open: fail("SecurityError") } }],
      ["refused", { value: { open: reject("SecurityError") } }],
      ["full", fakeCaches(new Map(), { put: reject("QuotaExceededError") })],
      ["full", fakeCaches(new Map(), { put: fail("QuotaExceededError") })],
      ["refused", fakeCaches(new Map(), { put: reject("InvalidStateError") })],
      ["on", fakeCaches(new Map(), { match: fail("InvalidStateError") })],
      ["on", fakeCaches(new Map(), { keys: reject("InvalidStateError") })],
      ["on", fakeCaches(new Map(), { delete: fail("InvalidStateError") })],
    ];
    for (const [state, descriptor] of states)
      await withCaches(descriptor, async () => {
        for (let visit = 0; visit < 2; visit += 1) {
          const found = await openAndSearch(bytes, vectors[7]);
          assert.deepEqual([found.item, found.cache], ["item-7", state]);
        }
      });
  });

  test("stored parts that are altered, cut or unreadable are read again", async () => {
    const { bytes, vectors } = await buildRanged({ n: 60 });
    const broken = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.error(new Error("disk")),
        }),
      );
    const alterations = [
      async (response) => {
        const content = new Uint8Array(await response.arrayBuffer());
        content[content.length >> 1] ^= 1;
        return new Response(content);
      },
      async (response) => new Response((await response.arrayBuffer()).slice(1)),
      async () => new Response(""),
      async () => ({ clone: broken }),
    ];
    for (const alter of alterations) {
      const parts = new Map();
      await withCaches(fakeCaches(parts), async () => {
        assert.equal((await openAndSearch(bytes, vectors[7])).item, "item-7");
        assert.ok(parts.size > 3);
        for (const [url, response] of parts) parts.set(url, await alter(response));
        assert.equal((await openAndSearch(bytes, vectors[7])).item, "item-7");
        const { item, requests } = await openAndSearch(bytes, vectors[7]);
        assert.deepEqual([item, requests], ["item-7", 1], `${alter}`);
      });
    }
  });

  test("another tab may open another version, which deletes the stored parts", async () => {
    const [first, second] = [await buildRanged({ n: 60 }), await buildRanged({ n: 60, seed: 3 })];
    const parts = new Map();
    await withCaches(fakeCaches(parts), async () => {
      const own = await openRanged(asBlob(first.bytes), { cache: true, memory: 0 });
      const [before] = await own.search(first.vectors[7], { count: 1 });
      await openAndSearch(second.bytes, second.vectors[7]);
      const [after] = await own.search(first.vectors[7], { count: 1 });
      assert.deepEqual([before.item, after.item], ["item-7", "item-7"]);
    });
  });
});

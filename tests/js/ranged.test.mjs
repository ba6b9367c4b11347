// pocketsage/ranged: searches by ranges against the exact scan, from every source.
import assert from "node:assert/strict";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Catalogue, openSage } from "pocketsage";
import { blobSource, bucketSource, fileSource, httpSource, openRanged } from "pocketsage/ranged";
import { serveRanges } from "../../scripts/lib/range-server.mjs";
import { asBlob, buildRanged, PATH, withServer } from "./ranged-world.mjs";

let world;
let server;
let url;

before(async () => {
  world = await buildRanged();
  server = await serveRanges({ [PATH]: world.bytes });
  url = server.origin + PATH;
});
after(() => server?.close());

const idsOf = (hits) => hits.map(({ item }) => item);

/** Equal ids, and scores that differ by the rounding of a sum in another order. */
function assertSameHits(hits, expected) {
  assert.deepEqual(idsOf(hits), idsOf(expected));
  hits.forEach(({ score, prior }, index) => {
    const tolerance = 2e-6 * Math.max(1, Math.abs(expected[index].score));
    assert.ok(Math.abs(score - expected[index].score) <= tolerance, `${score}`);
    assert.equal(prior, expected[index].prior);
  });
}

describe("search", () => {
  for (const metric of ["cosine", "ip", "l2"])
    for (const precision of ["full", "compact"])
      test(`exact hits equal those of the exact scan: ${metric}, ${precision}`, async () => {
        const { bytes, catalogue, vectors } = await buildRanged({ metric, precision, prior: true });
        const ranged = await openRanged(asBlob(bytes));
        assert.equal(ranged.mode, "ranges");
        let found = 0;
        for (const query of vectors.slice(0, 20)) {
          const expected = catalogue.search(query, { count: 10, exact: true });
          assertSameHits(await ranged.search(query, { count: 10, exact: true }), expected);
          const hits = await ranged.search(query, { count: 10 });
          const scores = new Map(expected.map(({ item, score }) => [item, score]));
          found += hits.filter(({ item }) => scores.has(item)).length;
          for (let rank = 1; rank < hits.length; rank += 1)
            assert.ok(hits[rank - 1].score >= hits[rank].score);
        }
        assert.ok(found >= 0.95 * 200, `recall ${found / 200}`);
      });

  test("every item has the vector, payload and prior of the catalogue", async () => {
    const { bytes, catalogue } = await buildRanged({ n: 120, prior: true });
    const ranged = await openRanged(asBlob(bytes));
    const items = [...catalogue.ids()];
    assert.equal(ranged.size, items.length);
    const vectors = await ranged.vectors([...items, "unknown"]);
    assert.equal(vectors.pop(), undefined);
    for (const [index, item] of items.entries()) {
      assert.deepEqual(vectors[index], catalogue.vector(item));
      assert.deepEqual(await ranged.payload(item), catalogue.payload(item));
      assert.equal(ranged.prior(item), catalogue.prior(item));
      assert.ok(ranged.has(item));
    }
    assert.equal(await ranged.vector("unknown"), undefined);
    assert.equal(await ranged.payload("unknown"), undefined);
    assert.equal(ranged.prior("unknown"), undefined);
    assert.ok(!ranged.has("unknown") && !ranged.has("\ud800"));
    assert.deepEqual([ranged.hash, ranged.dim, ranged.metric], [catalogue.hash, 24, "cosine"]);
  });

  test("the ordinary reader reads the file, and a change drops the blocks", async () => {
    const whole = await Catalogue.fromBytes(world.bytes);
    whole.remove(["item-3"]);
    await assert.rejects(
      openRanged(asBlob(whole.toBytes()), { whole: false }),
      /has no blocks: build it with `pocketsage build --ranges`/,
    );
    const opened = await openRanged(asBlob(whole.toBytes()));
    assert.deepEqual([opened.mode, opened.size, opened.blocks], ["whole", 599, 0]);
    const expected = whole.search(world.vectors[0], { count: 5 });
    assertSameHits(await opened.search(world.vectors[0], { count: 5 }), expected);
  });

  test("excluded items, filters, minimum scores and several queries", async () => {
    const ranged = await openRanged(url);
    const query = world.vectors[5];
    const filter = {
      all: [
        { field: "parity", is: "odd" },
        { field: "number", from: 100 },
      ],
    };
    for (const options of [{ exclude: ["item-5", "none"] }, { filter }, { minScore: 0.9 }]) {
      const expected = world.catalogue.search(query, { count: 8, exact: true, ...options });
      assertSameHits(await ranged.search(query, { count: 8, exact: true, ...options }), expected);
      const near = await ranged.search(query, { count: 8, ...options });
      assert.ok(near.every(({ item }) => item !== "item-5" || !options.exclude));
      if (options.filter) assert.ok(near.every(({ item }) => Number(item.slice(5)) % 2 === 1));
    }
    const whole = await ranged.search(query, { count: 600, exact: true });
    assert.equal(whole.length, 600);
    for (const [count, offset] of [
      [7, 0],
      [7, 7],
      [7, 14],
      [19, 21],
      [40, 580],
      [40, 600],
    ]) {
      const page = await ranged.search(query, { count, offset, exact: true });
      assertSameHits(page, whole.slice(offset, offset + count));
    }
    for (const offset of [-1, 0.5, "1", 100_001])
      await assert.rejects(ranged.search(query, { offset }), { code: "option" });
    const lists = await ranged.searchMany(world.vectors.slice(0, 4), { count: 3 });
    assert.deepEqual(
      lists.map((hits) => hits[0].item),
      ["item-0", "item-1", "item-2", "item-3"],
    );
    assert.deepEqual(await ranged.searchMany([]), []);
  });

  test("a cold query keeps its budget, and a warm one reads nothing", async () => {
    for (const [maxRequests, maxBytes] of [
      [6, 20_000],
      [2, 6000],
      [1, 1],
    ]) {
      const ranged = await openRanged(url, { maxRequests, maxBytes });
      for (const query of world.vectors.slice(0, 12)) {
        const before = ranged.traffic;
        const first = await ranged.search(query);
        assert.ok(first.length > 0);
        const after = ranged.traffic;
        assert.ok(after.requests - before.requests <= Math.max(2, maxRequests));
        // One block is always read: of at most 1,024 bytes here.
        assert.ok(after.bytes - before.bytes <= Math.max(1024, maxBytes));
      }
      const { requests } = ranged.traffic;
      await ranged.search(world.vectors[11]);
      if (maxRequests === 6) assert.equal(ranged.traffic.requests, requests);
    }
  });

  test("invalid arguments are errors", async () => {
    const ranged = await openRanged(url);
    const query = world.vectors[0];
    const rejects = (promise, code, pattern) =>
      assert.rejects(promise, (error) => error.code === code && pattern.test(error.message));
    await rejects(ranged.search(query.slice(1)), "dimension", /23/);
    await rejects(ranged.search(query.map(() => NaN)), "not-finite", /query 0/);
    await rejects(ranged.search(query, { cuont: 1 }), "option", /cuont/);
    await rejects(ranged.search(query, { count: 0 }), "option", /count/);
    await rejects(ranged.search(query, { damaged: "maybe" }), "option", /"error" or "skip"/);
    await rejects(ranged.search(query, { filter: { field: "x", is: 1 } }), "option", /x/);
    await rejects(openRanged(7), "option", /expected a URL or a source/);
    await rejects(openRanged(url, { memory: -1 }), "option", /memory/);
    await rejects(ranged.searchMany(), "option", /expected an array of vectors, saw undefined/);
    await rejects(ranged.vector("item-1", null), "option", /expected an object, saw null/);
    await rejects(ranged.payload("item-1", null), "option", /expected an object, saw null/);
    await rejects(ranged.payload(5), "option", /expected an item's id/);
    assert.throws(() => ranged.has(5), { code: "option" });
    for (const make of [
      () => fileSource({}),
      () => blobSource("x"),
      () => bucketSource({}, "k"),
      () => bucketSource({ get() {} }),
      () => httpSource(),
      () => httpSource(url, { fetch: "fetch" }),
    ])
      assert.throws(make, { code: "option" });
    ranged.close();
    assert.equal(ranged.byteLength, 0);
    await rejects(ranged.search(query), "closed", /openRanged/);
    assert.throws(() => ranged.has("item-1"), { code: "closed" });
  });

  test("a signal aborts the opening or one search, not later searches", async () => {
    await assert.rejects(openRanged(url, { signal: AbortSignal.abort() }), { code: "aborted" });
    const ranged = await openRanged(url);
    const controller = new AbortController();
    const hits = ranged.search(world.vectors[0], { signal: controller.signal });
    controller.abort(new Error("enough"));
    await assert.rejects(hits, { code: "aborted" });
    assert.equal((await ranged.search(world.vectors[0]))[0].item, "item-0");
  });
});

test("a sage records items and recommends by ranges; the preview lists them", async () => {
  const ranged = await openRanged(url);
  const { dim, retriever, vectors } = ranged;
  const sage = await openSage({ dim, retriever, vectors });
  await sage.record(["item-1", "item-31", "item-61"].map((item) => ({ item })));
  const preview = await sage.preview({ count: 5 });
  for (const { to, bytes, says } of preview) {
    assert.equal(to, url);
    assert.match(new TextDecoder().decode(bytes), /^range: bytes=\d+-\d+$/);
    assert.match(says, /No weights, no times, no user id\.$/);
  }
  const sent = server.requests.length;
  const recommendations = await sage.recommend({ count: 5 });
  assert.equal(recommendations.length, 5);
  const ranges = server.requests.slice(sent).map(({ range }) => `range: ${range}`);
  const announced = preview.map(({ bytes }) => new TextDecoder().decode(bytes));
  assert.deepEqual(ranges.slice(0, announced.length).sort(), announced.sort());
  const filtered = await sage.recommend({ count: 5, filter: { field: "parity", is: "even" } });
  assert.ok(filtered.every(({ item }) => Number(item.slice(5)) % 2 === 0));
});

describe("sources", () => {
  test("a file of Node and a bucket", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ranged-"));
    const path = join(folder, "items.sage");
    await writeFile(path, world.bytes);
    const file = await open(path, "r+");
    try {
      const bucket = bucketOf({ "items.sage": world.bytes });
      const expected = world.catalogue.search(world.vectors[9], { count: 1, exact: true });
      for (const source of [fileSource(file, path), bucketSource(bucket, "items.sage")]) {
        const ranged = await openRanged(source);
        assertSameHits(await ranged.search(world.vectors[9], { count: 1 }), expected);
      }
      await assert.rejects(openRanged(bucketSource(bucket, "none")), /no object of this key/);
      const source = bucketSource(bucket, "items.sage");
      const ranged = await openRanged(source);
      bucket.objects["items.sage"] = (await buildRanged({ seed: 2 })).bytes;
      await assert.rejects(ranged.search(world.vectors[0]), /was replaced while it was open/);
      await file.truncate(world.bytes.length - 9000);
      await assert.rejects(openRanged(fileSource(file, path)), { code: "retrieval" });
    } finally {
      await file.close();
      await rm(folder, { recursive: true });
    }
  });

  /** A bucket with the interface of R2. An object's ETag is the first bytes of its hash. */
  function bucketOf(objects) {
    return {
      objects,
      async get(key, { range } = {}) {
        const bytes = objects[key];
        if (!bytes) return null;
        const part = range ? bytes.subarray(range.offset, range.offset + range.length) : bytes;
        const etag = String(bytes.subarray(8, 12));
        const { body } = new Response(part);
        return { etag, size: bytes.length, body, arrayBuffer: async () => part.slice().buffer };
      },
    };
  }

  test("without ranges the whole file is loaded by one request, or refused", async () => {
    const answer = ({ path, headers: { etag } }) => ({
      path,
      status: 200,
      headers: { etag },
      body: Buffer.from(world.bytes),
    });
    await withServer(world.bytes, { answer }, async (own, address) => {
      const opened = await openRanged(address);
      assert.deepEqual([opened.mode, own.requests.length], ["whole", 1]);
      const expected = world.catalogue.search(world.vectors[7]);
      assertSameHits(await opened.search(world.vectors[7]), expected);
      assert.deepEqual(opened.retriever.outbound([]), []);
      const sage = await openSage({
        dim: 24,
        retriever: opened.retriever,
        vectors: opened.vectors,
      });
      await sage.record({ item: "item-1" });
      assert.equal((await sage.recommend({ count: 3 })).length, 3);
      await assert.rejects(openRanged(address, { whole: false }), /it serves no ranges/);
    });
  });
});

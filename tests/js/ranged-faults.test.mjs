// pocketsage/ranged: what a search does when its source is wrong, damaged or replaced.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { httpSource, openRanged } from "pocketsage/ranged";
import { asBlob, buildRanged, PATH, withServer } from "./ranged-world.mjs";

let world;
before(async () => {
  world = await buildRanged();
});

describe("faults", () => {
  /** The answer to reads of blocks, changed; reads of the head and of whole sections stay. */
  const onBlocks = (change) => {
    const state = { active: false };
    const answer = (given) => (state.active ? change(given) : given);
    return { state, answer };
  };
  const faults = {
    "200 instead of 206 under way": [
      (given) => ({ ...given, status: 200, body: Buffer.from(world.bytes) }),
      "retrieval",
      /instead of 206/,
    ],
    "another range than was requested": [
      (given) => ({ ...given, headers: { "content-range": "bytes 0-63/9999999" } }),
      "retrieval",
      /ETag|the server sent 0 to 63/,
    ],
    "a body that is cut": [
      (given) => ({ ...given, body: given.body.subarray(1) }),
      "retrieval",
      /saw \d+: the file is cut/,
    ],
    "a body that is too long": [
      (given) => ({ ...given, body: Buffer.concat([given.body, Buffer.alloc(9)]) }),
      "retrieval",
      /the server sent more/,
    ],
    "altered bytes": [
      (given) => ({ ...given, body: given.body.map((byte, at) => (at > 2000 ? byte : byte ^ 1)) }),
      "corrupt",
      /SAGE-CAT|impossible|do not match their hash/,
    ],
    "a server error": [
      (given) => ({ ...given, status: 503, body: Buffer.from("busy") }),
      "retrieval",
      /answered 503/,
    ],
  };
  for (const [name, [change, code, pattern]] of Object.entries(faults))
    test(`${name}: an error, and the next search works`, async () => {
      const { state, answer } = onBlocks(change);
      await withServer(world.bytes, { answer }, async (_, address) => {
        const ranged = await openRanged(address);
        state.active = true;
        await assert.rejects(ranged.search(world.vectors[0]), (error) => {
          assert.equal(error.code, code, error.message);
          assert.match(error.message, pattern);
          return true;
        });
        await assert.rejects(openRanged(address, { whole: false }));
        state.active = false;
        assert.equal((await ranged.search(world.vectors[0]))[0].item, "item-0");
      });
    });

  test("an answer that only a cache altered is fetched again past it", async () => {
    let altered = 0;
    const alterOnce = (given) => {
      if (altered > 0 || given.body.length > 10_000) return given;
      altered += 1;
      return { ...given, body: given.body.map((byte) => byte ^ 1) };
    };
    const { state, answer } = onBlocks(alterOnce);
    await withServer(world.bytes, { answer }, async (_, address) => {
      const ranged = await openRanged(address);
      state.active = true;
      assert.equal((await ranged.search(world.vectors[0], { count: 1 }))[0].item, "item-0");
      assert.deepEqual([altered, ranged.damagedBlocks], [1, []]);
    });
  });

  test("a damaged block is an error with a remedy; the others are searched", async () => {
    const bytes = world.bytes.slice();
    const at = codesOffset(bytes);
    bytes[at + 5] ^= 1;
    // The file's hash is that of the header, so only the block shows the damage.
    const ranged = await openRanged(asBlob(bytes));
    const damaged = [];
    for (const [row, vector] of world.vectors.entries()) {
      const hits = await ranged.search(vector, { count: 1 }).catch((error) => {
        assert.equal(error.code, "corrupt");
        assert.match(error.message, /block 0 \(rows 0 to \d+\) do not match.*`damaged: "skip"`/s);
        damaged.push(row);
      });
      if (hits) assert.equal(hits[0].item, `item-${row}`);
    }
    assert.ok(damaged.length > 0 && damaged.length < 300, `${damaged.length}`);
    assert.deepEqual(ranged.damagedBlocks, [0]);
    const skipped = await ranged.search(world.vectors[damaged[0]], { damaged: "skip" });
    const first = new Set([...world.catalogue.ids()].slice(0, 3));
    assert.ok(skipped.length > 0 && skipped.every(({ item }) => !first.has(item)));
    const all = await ranged.search(world.vectors[0], { count: 600, exact: true, damaged: "skip" });
    assert.ok(all.length > 500 && all.length < 600);
  });

  test("every altered byte that is read gives an error or the same hits", async () => {
    const { bytes, vectors } = await buildRanged({ n: 40, dim: 8 });
    const valid = await openRanged(asBlob(bytes));
    const expected = await valid.search(vectors[0], { count: 5 });
    let errors = 0;
    for (let at = 0; at < bytes.length; at += 29) {
      const altered = bytes.slice();
      altered[at] ^= 1 << (at % 8);
      try {
        const ranged = await openRanged(asBlob(altered), { whole: false });
        assert.deepEqual(await ranged.search(vectors[0], { count: 5 }), expected, `byte ${at}`);
      } catch (error) {
        if (error.name !== "SageError") throw error;
        assert.ok(["corrupt", "retrieval", "version", "option"].includes(error.code), error);
        errors += 1;
      }
    }
    assert.ok(errors > 0);
  });

  test("a catalogue that is replaced under way is an error that names both", async () => {
    const other = (await buildRanged({ seed: 3 })).bytes;
    await withServer(world.bytes, {}, async (own, address) => {
      const ranged = await openRanged(address);
      own.files[PATH] = other;
      await assert.rejects(ranged.search(world.vectors[0]), /replaced.*ETag .*now it is ETag/s);
    });
    // A server without ETag: the hash of the block does not match, then that of the file.
    const answer = ({ headers: { etag: _, ...headers }, ...given }) => ({ ...given, headers });
    await withServer(world.bytes, { answer }, async (own, address) => {
      const ranged = await openRanged(httpSource(address));
      own.files[PATH] = other;
      await assert.rejects(ranged.search(world.vectors[0]), { code: "retrieval" });
    });
  });

  /** Offset of the section of codes. */
  function codesOffset(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let entry = 64; ; entry += 24)
      if (view.getUint32(entry, true) === 2) return Number(view.getBigUint64(entry + 8, true));
  }
});

test("sources that return no promise are read, other bytes and throws are errors", async () => {
  const sourceOf = (read) => ({ name: "own", read, readWhole: async () => undefined });
  const slice = (offset, length) => new Uint8Array(world.bytes).slice(offset, offset + length);
  const fail = () => {
    throw new Error("no disk");
  };
  for (const read of [async () => undefined, async () => "text", () => slice(0, 9), fail])
    await assert.rejects(openRanged(sourceOf(read)), { code: "retrieval", message: /^own/ });
  for (const read of [slice, async (offset, length) => slice(offset, length).buffer])
    assert.equal((await openRanged(sourceOf(read))).mode, "ranges");
});

test("messages have neither the query of a URL nor more than 500 characters", async () => {
  const url = `https://host.example/${"x".repeat(2000)}.sage?signature=secret`;
  const answers = [
    async () => new Response("", { status: 404, statusText: "x".repeat(900) }),
    async () => new Response(null, { status: 206 }),
    async () => new Response("short", { status: 206 }),
    () => Promise.reject(new TypeError("no network")),
  ];
  for (const fetch of answers)
    await assert.rejects(openRanged(httpSource(url, { fetch })), ({ code, message }) => {
      assert.equal(code, "retrieval");
      assert.doesNotMatch(message, /secret/);
      return message.length <= 500;
    });
});

// pocketsage/ranged: what a search does when its source is wrong, damaged or replaced.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { bucketSource, httpSource, openRanged } from "pocketsage/ranged";
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

describe("answers of servers", () => {
  /** Opens the file at a server that changes its answers, and searches it. */
  const firstItem = async (answer) =>
    withServer(world.bytes, { answer }, async (_, address) => {
      const ranged = await openRanged(address);
      return (await ranged.search(world.vectors[0], { count: 1 }))[0].item;
    });

  test("a weak ETag, a missing one and an unknown length are no replaced file", async () => {
    let answers = 0;
    const tags = ['"v"', 'W/"v"', undefined];
    const change = ({ headers: { etag: _, ...headers }, ...given }) => {
      answers += 1;
      const etag = tags[answers % 3];
      if (answers % 2) headers["content-range"] = headers["content-range"].replace(/\d+$/, "*");
      return { ...given, headers: { ...headers, ...(etag && { etag }) } };
    };
    assert.equal(await firstItem(change), "item-0");
    assert.ok(answers > 6);
  });

  test("each status other than 200 and 206 has a remedy", async () => {
    const remedies = {
      204: /answered 204 No Content: expected 206, or 200 with the whole file/,
      304: /answered 304 .*expected 206/,
      403: /answered 403 .*sign its URL anew, or correct the option `headers`/,
      404: /answered 404 .*correct the URL, or upload the file/,
      416: /answered 416 .*shorter than/,
      429: /answered 429 .*try again in 7 s/,
      502: /answered 502 .*try again in 7 s/,
    };
    for (const [status, message] of Object.entries(remedies)) {
      const answer = () => ({ status, headers: { "retry-after": "7" }, body: Buffer.alloc(0) });
      await assert.rejects(firstItem(answer), { code: "retrieval", message });
    }
    const answer = () => ({ status: 503, headers: {}, body: Buffer.alloc(0) });
    await assert.rejects(firstItem(answer), /answered 503 .*try again later\.$/);
  });

  test("a web page instead of the file is named as one", async () => {
    const body = Buffer.from("<!doctype html><title>Not here</title>".repeat(9));
    const answer = () => ({ status: 200, headers: { "content-type": "text/html" }, body });
    await withServer(world.bytes, { answer }, async (_, address) => {
      for (const whole of [true, false])
        await assert.rejects(openRanged(address, { whole }), {
          code: "retrieval",
          message: /is a web page. Expected a \.sage file/,
        });
    });
  });

  test("a file that is cut is no server whose ranges are wrong", async () => {
    const { bytes } = world;
    // Within a section that is read as a whole.
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const lastEntry = 64 + 24 * (view.getUint32(48, true) - 1);
    const end = Number(view.getBigUint64(lastEntry + 8, true)) + 5;
    await withServer(bytes.slice(0, end), {}, async (_, address) => {
      const message = /expected \d+ bytes from byte \d+ on, saw 5: the file is cut/;
      await assert.rejects(openRanged(address), { code: "retrieval", message });
    });
  });

  test("a compressed range is an error with the remedy", async () => {
    const answer = (given) => ({
      ...given,
      headers: { "content-encoding": "gzip" },
      body: gzipSync(Buffer.concat([given.body, given.body])),
    });
    await assert.rejects(firstItem(answer), /server sent more\. It compresses the file: switch/);
  });

  test("the message of a failed request has its cause", async () => {
    await withServer(world.bytes, {}, async (server, address) => {
      await server.close();
      await assert.rejects(openRanged(address), /fetch failed \(.*ECONNREFUSED/);
    });
  });

  test("refused answers are cancelled: no connection stays open", async () => {
    const endless = () => new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(64)) });
    const track = (init) => {
      let open = 0;
      const fetch = async () => {
        open += 1;
        const body = endless().pipeThrough(
          new TransformStream({
            cancel: () => {
              open -= 1;
            },
          }),
        );
        return new Response(body, init);
      };
      return { fetch, open: () => open };
    };
    const contentRange = (value) => ({ status: 206, headers: { "content-range": value } });
    for (const init of [{ status: 404 }, { status: 206 }, contentRange("bytes 1-2/9")]) {
      const { fetch, open } = track(init);
      const source = httpSource("https://host.example/x.sage", { fetch });
      await assert.rejects(openRanged(source, { whole: false }), { code: "retrieval" });
      assert.equal(open(), 0, JSON.stringify(init));
    }
  });

  test("a file that is replaced while it is opened is named as replaced", async () => {
    const other = (await buildRanged({ seed: 3 })).bytes;
    let reads = 0;
    const answer = ({ headers: { etag: _, ...headers }, ...given }) => {
      reads += 1;
      if (reads === 1) server.files[PATH] = other;
      return { ...given, headers: { ...headers, "content-range": "" } };
    };
    let server;
    await withServer(world.bytes, { answer }, async (own, address) => {
      server = own;
      await assert.rejects(openRanged(address), { code: "retrieval", message: /was replaced/ });
    });
  });

  test("URLs and headers that no request can have are refused, without their values", () => {
    for (const url of ["", "items.sage?key=secret", "http://", "https://secret:x@host/"])
      assert.throws(
        () => httpSource(url),
        ({ code, message }) => code === "option" && !/secret/.test(message),
      );
    const url = "https://host.example/x.sage";
    for (const headers of [5, null, { "a b": "secret" }, { a: "a\nsecret" }, { a: 1 }])
      assert.throws(
        () => httpSource(url, { headers }),
        ({ code, message }) => code === "option" && !/secret/.test(message),
      );
  });

  test("headers may be a Headers object", async () => {
    const seen = [];
    const fetch = async (request) => {
      seen.push(request.headers.get("authorization"));
      return new Response("", { status: 404 });
    };
    const headers = new Headers({ authorization: "Bearer 1" });
    const source = httpSource("https://host.example/x.sage", { fetch, headers });
    await assert.rejects(openRanged(source));
    assert.deepEqual([...new Set(seen)], ["Bearer 1"]);
  });
});

test("memory that is not available is an error of its code", async () => {
  const whole = asBlob(world.bytes);
  const source = {
    ...whole,
    read: (offset, length, options) => {
      // As `new Uint8Array(length)` for the section of sketches.
      if (length > 2000) throw new RangeError("Array buffer allocation failed");
      return whole.read(offset, length, options);
    },
  };
  await assert.rejects(openRanged(source), { code: "memory", message: /sketches take \d+ bytes/ });
});

test("a bucket: a replaced object is cancelled, one that ignores ranges is named", async () => {
  let cancelled = 0;
  let version = "a";
  const bytes = new Uint8Array(world.bytes);
  const objectOf = (content) => ({
    etag: version,
    size: bytes.length,
    body: new ReadableStream({
      cancel: () => {
        cancelled += 1;
      },
    }),
    arrayBuffer: async () => content.slice().buffer,
  });
  const get = async (_, { range } = {}) =>
    objectOf(range ? bytes.subarray(range.offset, range.offset + range.length) : bytes);
  const ranged = await openRanged(bucketSource({ get }, "items.sage"));
  version = "b";
  await assert.rejects(ranged.search(world.vectors[0]), { message: /was replaced/ });
  assert.ok(cancelled > 0);
  const ignores = bucketSource({ get: () => get() }, "items.sage");
  await assert.rejects(openRanged(ignores), /saw \d+: the source ignores ranges/);
});

// `sync` of pocketsage/vault through the Worker's blobs, in workerd: in the SQLite storage of
// Durable Objects and in R2. What is on the disk afterwards is searched for plaintext.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openSage } from "pocketsage";
import { edgeStore, isSyncBlob, SYNC_LIMITS, sync } from "pocketsage/vault";
import { serveFetch } from "../../scripts/lib/http.mjs";
import { assertNoPlaintext } from "../js/plaintext.mjs";
import { ITEMS, NOW, rejects, seeded, smallCatalogue } from "../js/world.mjs";
import { jsonOf } from "./fixture.mjs";
import { mint, startWorker } from "./worker.mjs";

const USER = "mia.miller-4711@example.com";
const KINDS = ["bookmarked", "purchased"];
const DEVICES = ["a", "b", "c"].map((digit) => digit.repeat(32));
const OCTETS = { "content-type": "application/octet-stream" };
const MIB = 1 << 20;
const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
  ...["encrypt", "decrypt"],
]);
let catalogue;
const open = () => openSage({ catalogue, now: () => NOW });
const storeOf = (worker, sub = USER, more = {}) =>
  edgeStore({ url: worker.url, token: () => mint({ sub }), ...more });
const itemsOf = async (sage) =>
  (await sage.actions({ count: 1000 })).map(({ item }) => item).sort();
const blobPath = (name) => `/v1/blob?name=${name}`;

/** A folder that is deleted after the test. */
async function temporaryFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-sync-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Miniflare's options of each place of the bytes. */
const PLACES = {
  "SQLite of Durable Objects": (folder) => ({ durableObjectsPersist: join(folder, "do") }),
  R2: (folder) => ({
    durableObjectsPersist: join(folder, "do"),
    r2Buckets: { BLOBS: "blobs" },
    r2Persist: join(folder, "r2"),
  }),
};

/** Bytes with the outer form of a blob, of this length. */
function sealedBytes(length, fill = 7) {
  const bytes = new Uint8Array(length).fill(fill);
  bytes.set(new TextEncoder().encode("sage.syn"));
  new DataView(bytes.buffer).setUint32(20, length, true);
  return bytes;
}

/** The store with lost, repeated, delayed and failing writes, and incomplete or stale reads. */
function withFaults(store, random) {
  const happens = (probability) => random() < probability;
  const sent = new Map();
  return {
    list: async (signal) => {
      const names = [...(await store.list(signal))].reverse();
      return names.flatMap((name) => (happens(0.2) ? [] : happens(0.2) ? [name, name] : [name]));
    },
    get: async (name, signal) => {
      if (happens(0.1)) throw new Error("the network is down");
      const earlier = sent.get(name) ?? [];
      return happens(0.3) && earlier.length > 0
        ? earlier[Math.floor(random() * earlier.length)]
        : store.get(name, signal);
    },
    put: async (name, bytes, signal) => {
      if (happens(0.2)) return;
      const earlier = sent.get(name) ?? [];
      sent.set(name, [...earlier, bytes]);
      await store.put(name, bytes, signal);
      if (happens(0.2)) await store.put(name, bytes, signal);
      // A write that was delayed arrives after a newer one.
      if (happens(0.2) && earlier.length > 0) await store.put(name, earlier[0], signal);
      if (happens(0.1)) throw new Error("the network is down");
    },
  };
}

/** One change of a sage, of a random kind. */
async function change(sage, random) {
  const item = ITEMS[Math.floor(random() * ITEMS.length)];
  const kind = Math.floor(random() * 6);
  if (kind === 0) await sage.forget(item);
  else if (kind === 1) await sage.hide(item);
  else if (kind === 2) await sage.forget({ from: NOW - 120_000, to: NOW - 60_000 });
  else {
    const at = NOW - Math.floor(random() * 10) * 60_000;
    await sage.record({ item, at, kind: KINDS[Math.floor(random() * 2)] });
  }
}

/** All files below a folder: path and bytes. */
async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(
    paths.map(async (path) => ({ path: path.slice(folder.length), bytes: await readFile(path) })),
  );
}

/** The encodings of a time in milliseconds: text, f64 and u64 in both byte orders. */
function timeEncodings(time) {
  const views = Array.from({ length: 4 }, () => new DataView(new ArrayBuffer(8)));
  views[0].setFloat64(0, time, true);
  views[1].setFloat64(0, time);
  views[2].setBigUint64(0, BigInt(time), true);
  views[3].setBigUint64(0, BigInt(time));
  return [Buffer.from(String(time)), ...views.map(({ buffer }) => Buffer.from(buffer))];
}

const includesTime = (bytes, time) =>
  timeEncodings(time).some((encoded) => Buffer.from(bytes).includes(encoded));

before(async () => {
  catalogue = await smallCatalogue();
});
after(() => catalogue?.close());

for (const [place, optionsOf] of Object.entries(PLACES))
  test(`three devices converge through ${place}, and the disk has no plaintext`, {
    timeout: 120_000,
  }, async (t) => {
    const folder = await temporaryFolder(t);
    const worker = await startWorker(optionsOf(folder));
    t.after(() => worker.stop());
    const store = storeOf(worker);
    const written = [];
    for (let seed = 0; seed < 3; seed += 1) {
      await store.clear();
      const random = seeded(seed);
      const sages = [await open(), await open(), await open()];
      const faulty = withFaults(store, random);
      for (let step = 0; step < 40; step += 1) {
        const index = Math.floor(random() * 3);
        if (random() < 0.6) await change(sages[index], random);
        else
          await sync(sages[index], faulty, { key, device: DEVICES[index] }).catch((error) =>
            assert.equal(error.code, "storage", error.stack),
          );
      }
      // Forgetting wins: what one device forgets last is on none.
      await sages[0].record({ item: "food-1", at: NOW, kind: KINDS[0] });
      await sync(sages[0], store, { key, device: DEVICES[0] });
      await sync(sages[1], store, { key, device: DEVICES[1] });
      await sages[1].forget("food-1");
      // The reference: the logs merged without any store.
      const reference = await open();
      for (const sage of sages) await reference.import(await sage.export());
      for (let round = 0; round < 2; round += 1)
        for (const [index, sage] of sages.entries()) {
          const report = await sync(sage, store, { key, device: DEVICES[index] });
          assert.deepEqual(report.unreadable, []);
        }
      const expected = await reference.export();
      for (const [index, sage] of sages.entries()) {
        assert.deepEqual(await sage.export(), expected);
        assert.ok(!(await itemsOf(sage)).includes("food-1"));
        const report = await sync(sage, store, { key, device: DEVICES[index] });
        assert.deepEqual([report.devices, report.isWritten], [3, false]);
      }
      assertPlaintextIsFound(expected, await sages[0].actions({ count: 1000 }));
    }
    for (const name of await store.list()) written.push(await store.get(name));
    assert.equal(written.length, 3);
    for (const { length } of written)
      assert.ok(length >= SYNC_LIMITS.minBlobBytes && Number.isInteger(Math.log2(length)));
    assert.doesNotMatch(worker.log(), /food|sport|animal|mia|4711|aaaa/);
    await worker.stop();

    const files = await filesBelow(folder);
    const searched = [...ITEMS, ...KINDS, USER, "mia.miller", "sage.log"];
    for (const { path, bytes } of files) {
      assertNoPlaintext(Buffer.from(path), searched);
      assertNoPlaintext(bytes, searched);
      for (let minute = 0; minute < 10; minute += 1)
        assert.ok(!includesTime(bytes, NOW - minute * 60_000), `${path} has a time of an action`);
    }
    // The blobs are in the files that were searched, in R2 as one file each.
    const all = Buffer.concat(files.map(({ bytes }) => bytes));
    for (const blob of written) assert.ok(all.includes(blob.slice(28, 200)));
    if (place === "R2")
      for (const blob of written)
        assert.ok(files.some(({ path, bytes }) => /^.r2/.test(path) && bytes.equals(blob)));
  });

/** The search for plaintext finds it in a log in clear. */
function assertPlaintextIsFound(log, actions) {
  const { item, at, kind } = actions[0];
  for (const text of [item, kind]) assert.throws(() => assertNoPlaintext(log, [text]), text);
  assert.ok(includesTime(log, at), "the log has times in an encoding that is searched for");
}

test("a wrong passphrase is a clear error, and the data are kept", async (t) => {
  const worker = await startWorker();
  t.after(() => worker.stop());
  const store = storeOf(worker);
  const [phone, laptop] = [await open(), await open()];
  await phone.record({ item: "food-1" });
  const { device } = await sync(phone, store, { passphrase: "correct horse" });
  const listed = await jsonOf(await worker.request("/v1/blobs", { user: USER }));
  await laptop.record({ item: "sport-1" });
  const wrong = sync(laptop, store, { passphrase: "battery staple", device: DEVICES[1] });
  await rejects(wrong, "option", /the passphrase is wrong, or the data are damaged/);
  assert.deepEqual(await jsonOf(await worker.request("/v1/blobs", { user: USER })), listed);
  assert.deepEqual(await itemsOf(laptop), ["sport-1"]);
  await sync(laptop, store, { passphrase: "correct horse", device: DEVICES[1] });
  assert.deepEqual(await itemsOf(laptop), ["food-1", "sport-1"]);
  assert.deepEqual([...(await store.list())].sort(), [device, DEVICES[1]].sort());
});

test("users have their own blobs; a deleted blob is gone; versions grow", async (t) => {
  const worker = await startWorker();
  t.after(() => worker.stop());
  const store = storeOf(worker);
  const listOf = async (query = "") =>
    jsonOf(await worker.request(`/v1/blobs${query}`, { user: USER }));
  assert.deepEqual(await listOf(), { version: 0, blobs: [] });
  const sizes = [4096, 8192, MIB];
  for (const [index, name] of DEVICES.entries()) await store.put(name, sealedBytes(sizes[index]));
  const row = (index, version) => ({ name: DEVICES[index], version, bytes: sizes[index] });
  assert.deepEqual(await listOf(), { version: 3, blobs: [row(0, 1), row(1, 2), row(2, 3)] });
  await store.put(DEVICES[0], sealedBytes(4096, 9));
  assert.deepEqual(await listOf("?since=2"), { version: 4, blobs: [row(0, 4), row(2, 3)] });
  assert.deepEqual(await store.get(DEVICES[0]), sealedBytes(4096, 9));
  assert.deepEqual(await store.get(DEVICES[2]), sealedBytes(MIB));
  assert.equal(await store.get("d".repeat(32)), undefined);
  assert.deepEqual([...(await storeOf(worker, "bob").list())], []);
  assert.equal(await storeOf(worker, "bob").get(DEVICES[0]), undefined);
  await store.delete(DEVICES[0]);
  await store.delete(DEVICES[0]);
  assert.equal(await store.get(DEVICES[0]), undefined);
  await store.clear();
  assert.deepEqual(await listOf(), { version: 4, blobs: [] });
  await store.put(DEVICES[0], sealedBytes(4096));
  assert.equal((await listOf()).version, 5, "a version is not given again");
});

test("bytes in clear, other lengths and names are refused", async (t) => {
  const worker = await startWorker();
  t.after(() => worker.stop());
  const put = async (body, path = blobPath(DEVICES[0])) =>
    worker.request(path, { method: "PUT", body, headers: OCTETS, user: USER });
  const sage = await open();
  await sage.record({ item: "food-1" });
  const padded = new Uint8Array(4096);
  padded.set(await sage.export());
  const shifted = sealedBytes(8192).slice(0, 4096);
  for (const body of [
    ...[padded, shifted, sealedBytes(4095), sealedBytes(5000), sealedBytes(2048)],
    ...[new Uint8Array(4096), new Uint8Array()],
  ]) {
    const { error } = await jsonOf(await put(body), 400);
    assert.match(error.message, /expected a sealed blob of sync, a power of two of at least 4096/);
    assert.match(error.message, /send what sync passes to put/);
  }
  for (const path of ["/v1/blob", blobPath("me"), blobPath(DEVICES[0].toUpperCase()), "/v1/blob?"])
    assert.match((await jsonOf(await put(sealedBytes(4096), path), 400)).error.message, /name/);
  assert.deepEqual((await jsonOf(await worker.request("/v1/blobs", { user: USER }))).blobs, []);
});

test("a user has at most 100 blobs, and 64 MiB", { timeout: 120_000 }, async (t) => {
  const worker = await startWorker();
  t.after(() => worker.stop());
  const nameOf = (index) => index.toString(16).padStart(32, "0");
  const store = storeOf(worker);
  for (let index = 0; index < SYNC_LIMITS.maxBlobs; index += 1)
    await store.put(nameOf(index), sealedBytes(4096));
  const hundredFirst = store.put(nameOf(100), sealedBytes(4096));
  await rejects(hundredFirst, "storage", /413: The user has 100 blobs.*DELETE \/v1\/blob\?name=/);
  await store.put(nameOf(99), sealedBytes(8192)); // writing one again is no new one
  const large = storeOf(worker, "bob");
  for (let index = 0; index < 4; index += 1) await large.put(nameOf(index), sealedBytes(16 * MIB));
  await rejects(large.put(nameOf(4), sealedBytes(4096)), "storage", /more than 64 MiB: delete/);
  await rejects(
    large.put(nameOf(0), sealedBytes(32 * MIB)),
    "storage",
    /needs a blob of 33554432 bytes/,
  );
  await large.put(nameOf(0), sealedBytes(4096));
  await large.put(nameOf(4), sealedBytes(4096));
});

test("bytes written before there was a bucket are read, and move at the next write", async (t) => {
  const folder = await temporaryFolder(t);
  const first = await startWorker(PLACES["SQLite of Durable Objects"](folder));
  t.after(() => first.stop());
  await storeOf(first).put(DEVICES[0], sealedBytes(4096, 1));
  await storeOf(first).put(DEVICES[1], sealedBytes(4096, 2));
  await first.stop();
  const second = await startWorker(PLACES.R2(folder));
  t.after(() => second.stop());
  const store = storeOf(second);
  assert.deepEqual(await store.get(DEVICES[0]), sealedBytes(4096, 1));
  await store.put(DEVICES[0], sealedBytes(4096, 3));
  assert.deepEqual(await store.get(DEVICES[0]), sealedBytes(4096, 3));
  await store.delete(DEVICES[1]);
  assert.equal(await store.get(DEVICES[1]), undefined);
  await second.stop();
  const files = await filesBelow(join(folder, "r2"));
  assert.ok(files.some(({ bytes }) => bytes.equals(Buffer.from(sealedBytes(4096, 3)))));
});

test("the store of docs/vault.md syncs through a server that answers like S3", async (t) => {
  const page = await readFile(new URL("../../docs/vault.md", import.meta.url), "utf8");
  const [, code] = /^```js\n(const bucketStore = .*?)^```$/ms.exec(page);
  const bucket = new Map();
  const server = await serveFetch(async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const prefix = searchParams.get("prefix");
    if (prefix !== null) {
      const keys = [...bucket.keys()].filter((key) => key.startsWith(prefix));
      const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`);
      return new Response(`<ListBucketResult>${contents.join("")}</ListBucketResult>`);
    }
    const key = pathname.slice(1);
    if (request.method === "PUT") bucket.set(key, new Uint8Array(await request.arrayBuffer()));
    else if (!bucket.has(key)) return new Response("<Error/>", { status: 404 });
    return new Response(request.method === "PUT" ? null : bucket.get(key));
  });
  t.after(server.close);
  const bucketStore = new Function(`${code}; return bucketStore;`)();
  const store = bucketStore(server.origin, "u-17");
  const [phone, laptop] = [await open(), await open()];
  await phone.record([{ item: "food-1" }, { item: "food-2" }]);
  for (const [sage, device] of [
    [phone, DEVICES[0]],
    [laptop, DEVICES[1]],
    [phone, DEVICES[0]],
  ])
    await sync(sage, store, { key, device });
  assert.deepEqual(await phone.export(), await laptop.export());
  assert.deepEqual([...bucket.keys()], [`u-17/${DEVICES[0]}`, `u-17/${DEVICES[1]}`]);
  for (const bytes of bucket.values()) assert.ok(isSyncBlob(bytes));
  assert.equal(await store.get("0".repeat(32)), undefined);
  await server.close();
  await rejects(sync(phone, store, { key, device: DEVICES[0] }), "storage", /fetch failed/);
});

test("without the binding, the settings are named", async (t) => {
  const worker = await startWorker({
    durableObjects: { USERS: { className: "UserObject", useSQLite: true } },
  });
  t.after(() => worker.stop());
  await rejects(storeOf(worker).list(), "storage", /500: SYNC is not bound: add .*BlobObject/);
});

test("tokens, limits and an unreachable Worker are clear errors", async (t) => {
  const worker = await startWorker({ limit: 1 });
  t.after(() => worker.stop());
  const expired = Math.floor(Date.now() / 1000) - 700;
  const old = await mint({ sub: USER, iat: expired - 600, exp: expired });
  await rejects(
    edgeStore({ url: worker.url, token: old }).list(),
    "storage",
    /401: The token was refused: it has expired \(exp\)/,
  );
  const anonymous = edgeStore({ url: worker.url, token: await mint({ sub: undefined }) });
  await rejects(anonymous.list(), "storage", /403: This token has no user id/);
  const store = storeOf(worker);
  await store.list();
  await rejects(store.list(), "storage", /429: Too many requests: wait a minute/);
  await worker.stop();
  await rejects(
    store.list(),
    "storage",
    /cannot be reached \(TypeError: fetch failed \(.*ECONNREFUSED/,
  );
});

// The server of two-server retrieval: the kernel against a plain XOR, shards, and the handler.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { encodeXorRequest, MAX_VECTORS, splitCell } from "../../pkg/privacy/cells/xor.js";
import { cellsHandler, openCellServer } from "../../pkg/privacy/server/index.js";
import { compileKernel, XorShard } from "../../pkg/privacy/server/kernel.js";
import { kernelSource } from "../../scripts/xor-kernel.mjs";
import { inShards, makeCells, makeItems } from "./world.mjs";

const random = (length) => crypto.getRandomValues(new Uint8Array(length));

/** The same by plain JavaScript. */
function plainXor(bytes, cells, cellBytes, vectors) {
  return vectors.flatMap((vector) => {
    const sum = new Uint8Array(cellBytes);
    for (let cell = 0; cell < cells; cell += 1)
      if ((vector[cell >> 3] >> (cell & 7)) & 1)
        for (let index = 0; index < cellBytes; index += 1)
          sum[index] ^= bytes[cell * cellBytes + index];
    return [...sum];
  });
}

test("the kernel equals a plain XOR for every number of cells", async () => {
  const kernel = await compileKernel();
  for (const [cells, cellBytes] of [
    ...Array.from({ length: 20 }, (_, index) => [index + 1, 16 * (1 + (index % 5))]),
    [300, 4096],
    [17, 65_536],
  ]) {
    const bytes = random(Math.min(cells * cellBytes, 65_536));
    const all = new Uint8Array(cells * cellBytes).map((_, index) => bytes[index % bytes.length]);
    const shard = new XorShard(kernel, cells, cellBytes);
    shard.load(all);
    const bits = Math.ceil(cells / 8);
    const vectors = [new Uint8Array(bits), random(bits), new Uint8Array(bits).fill(255)];
    for (let round = 0; round < 2; round += 1)
      assert.deepEqual([...shard.answer(vectors)], plainXor(all, cells, cellBytes, vectors));
  }
});

test("the committed kernel is xor.wat", async () => {
  const path = new URL("../../ts/privacy/server/kernel-bytes.ts", import.meta.url);
  assert.equal(await readFile(path, "utf8"), await kernelSource());
  const wasm = new URL("../../pkg/wasm/xor.wasm", import.meta.url);
  await WebAssembly.compile(await readFile(wasm));
});

const { files, report } = await makeCells(makeItems(700), 40);
const manifest = { codebook: report.codebook, cells: 40 };

test("shards within a memory limit give the same answer", async () => {
  const sharded = inShards({ files, report });
  const reads = [];
  const read = async (name) => {
    reads.push(name);
    return sharded.get(name);
  };
  const [whole, parts] = await Promise.all([
    openCellServer({ read: async (name) => files.get(name) }),
    openCellServer({ read, maxBytes: 3 * 8 * report.cellBytes }),
  ]);
  assert.deepEqual([whole.shards, parts.shards], [1, 5]);
  const vectors = [random(5), random(5)];
  for (let round = 0; round < 2; round += 1)
    assert.deepEqual(await parts.answer(vectors), await whole.answer(vectors));
  assert.equal(reads.length, 1 + 10, "three of five shards stay in memory, and are replaced");
});

test("the handler answers, and two answers give the cell", async () => {
  const handler = await cellsHandler({
    read: async (name) => files.get(name),
    origins: ["https://shop.example"],
  });
  const post = (body, headers = {}) =>
    handler(new Request("https://x.example/", { method: "POST", body, headers }));
  const vectors = splitCell(11, 40, random(5));
  const replies = await Promise.all(
    vectors.map((vector) => post(encodeXorRequest(manifest, [vector]))),
  );
  const [one, two] = await Promise.all(
    replies.map(async (reply) => new Uint8Array(await reply.arrayBuffer())),
  );
  const cell = files.get(`${report.codebook.slice(0, 16)}/11.cell`);
  assert.deepEqual(
    one.map((byte, index) => byte ^ two[index]),
    cell,
  );
  const cors = await post(encodeXorRequest(manifest, [vectors[0]]), {
    origin: "https://shop.example",
  });
  assert.equal(cors.headers.get("access-control-allow-origin"), "https://shop.example");
  assert.equal(replies[0].headers.get("access-control-allow-origin"), null);

  const statusOf = async (body) => (await post(body)).status;
  assert.equal(await statusOf(new Uint8Array(3)), 400);
  assert.equal(await statusOf(encodeXorRequest({ ...manifest, cells: 41 }, [random(6)])), 400);
  const other = { ...manifest, codebook: "0".repeat(64) };
  assert.equal(await statusOf(encodeXorRequest(other, [random(5)])), 409);
  const many = Array.from({ length: MAX_VECTORS + 1 }, () => random(5));
  assert.equal(await statusOf(encodeXorRequest(manifest, many)), 413);
  assert.equal((await handler(new Request("https://x.example/"))).status, 405);
  const preflight = new Request("https://x.example/", { method: "OPTIONS" });
  assert.equal((await handler(preflight)).status, 204);
});

test("a folder without a manifest, or with shards of another build, is an error", async () => {
  await assert.rejects(cellsHandler({ read: async () => undefined }), { message: /is missing/ });
  const cut = new Map(files);
  cut.set(`${report.codebook.slice(0, 16)}/shard-0.bin`, new Uint8Array(16));
  const server = await openCellServer({ read: async (name) => cut.get(name) });
  await assert.rejects(server.answer([random(5)]), { code: "corrupt" });
});

// The examples for Node, unchanged, with the installed package.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Miniflare } from "miniflare";
import { run } from "../packages/consumer.mjs";
import { bundle } from "../workerd/bundle.mjs";
import { createExamples } from "./project.mjs";

const { path, copy } = await createExamples();

/** The lines that an example prints; none on standard error. */
async function linesOf(folder, ...args) {
  const { stdout, stderr } = await run(process.execPath, ["main.mjs", ...args], folder);
  assert.equal(stderr, "");
  return stdout.trim().split("\n");
}

test("catalogue", async () => {
  assert.equal((await linesOf(await copy("catalogue"))).length, 3);
});

test("worker-thread", async () => {
  assert.equal((await linesOf(await copy("worker-thread"))).length, 10);
});

test("node-cli remembers, and names what it does not know", async () => {
  const folder = await copy("node-cli");
  const first = await linesOf(folder, "pizza", "soccer", "xyzzy");
  assert.equal(first[0], 'no emoji is called "xyzzy"');
  assert.equal(first.length, 1 + 2 + 10);
  const second = await linesOf(folder);
  assert.deepEqual(second, first.slice(1));
  assert.match(second.join("\n"), /because of 🍕/u);
  assert.equal((await linesOf(folder, "dog")).length, 3 + 10);
});

test("cloudflare-worker, in workerd", { timeout: 120_000 }, async () => {
  const folder = await copy("cloudflare-worker");
  const { modules } = await bundle(join(folder, "worker.js"));
  const emoji = await readFile(join(path, "node_modules/pocketsage/pkg/emoji.sage"));
  const miniflare = new Miniflare({
    modules,
    serviceBindings: {
      ASSETS: (request) =>
        new Response(new URL(request.url).pathname === "/emoji.sage" ? emoji : undefined),
    },
    compatibilityDate: "2026-04-01",
    host: "127.0.0.1",
    port: 0,
    cf: false,
  });
  const post = (body) =>
    miniflare.dispatchFetch("http://worker/recommend", {
      method: "POST",
      body: JSON.stringify(body),
    });
  try {
    const answer = await post({ actions: [{ item: "1F355" }], count: 3 });
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.equal((await answer.json()).length, 3);
    const refusal = await post({ actions: [{ item: "ghost" }] });
    assert.equal(refusal.status, 400);
    assert.equal((await refusal.json()).code, "unknown-item");
    assert.equal((await miniflare.dispatchFetch("http://worker/")).status, 404);
  } finally {
    await miniflare.dispose();
  }
});

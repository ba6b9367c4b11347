// The package in workerd, the runtime of Cloudflare Workers, through miniflare: the main job on the emoji catalogue.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { buildProfile, Catalogue, init, openSage } from "pocketsage";
import { bundle } from "./bundle.mjs";

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const emoji = await readFile(file("../../www/public/emoji.sage"));
const lines = (await readFile(file("../fixtures/emoji-actions.jsonl"), "utf8")).trim().split("\n");
const actions = lines.map((line) => JSON.parse(line));
const now = Date.parse("2026-01-31T00:00:00Z");

let code;
let miniflare;
before(
  async () => {
    const bundled = await bundle(file("worker.mjs"));
    code = bundled.code;
    miniflare = new Miniflare({
      modules: bundled.modules,
      dataBlobBindings: { EMOJI: emoji },
      compatibilityDate: "2026-04-01",
      host: "127.0.0.1",
      port: 0,
      cf: false,
    });
    await miniflare.ready;
  },
  { timeout: 60_000 },
);
after(() => miniflare?.dispose());

async function ask(job, given = {}) {
  const response = await miniflare.dispatchFetch("http://worker/", {
    method: "POST",
    body: JSON.stringify({ job, ...given }),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

test("the synchronous pieces say `not-ready` before init() and work after it", {
  timeout: 30_000,
}, async () => {
  // The first request of this instance: nothing was loaded at module scope.
  assert.deepEqual(await ask("pieces"), { before: "not-ready", labels: [0, 0, 1] });
});

test("this runtime refuses to make code from bytes, so the wasm came in as a module", {
  timeout: 30_000,
}, async () => {
  const empty = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const { refused, message } = await ask("generate", { bytes: empty });
  assert.ok(refused);
  assert.match(message, /code generation|disallowed/i);
});

test("records, finds the interests and recommends, as in Node to the last bit", {
  timeout: 30_000,
}, async () => {
  const there = await ask("recommend", { actions, now, options: { count: 20 } });
  const catalogue = await Catalogue.fromBytes(new Uint8Array(emoji));
  const sage = await openSage({ catalogue, now: () => now });
  await sage.record(actions);
  const { interests } = await sage.profile();
  const here = {
    size: catalogue.size,
    interests,
    recommendations: await sage.recommend({ count: 20 }),
    outbound: 0,
  };
  assert.deepEqual(there, JSON.parse(JSON.stringify(here)));
  assert.ok(there.interests.length >= 3);
  assert.equal(there.recommendations.length, 20);
});

test("buildProfile, on vectors of one's own, as in Node to the last bit", {
  timeout: 30_000,
}, async () => {
  const vectorOf = (row) =>
    Array.from({ length: 7 }, (_, i) => Math.fround(Math.sin(row * row + i)));
  const own = actions.map(({ item, at }, row) => ({ item, at, vector: vectorOf(row) }));
  const options = { dim: 7, now, cut: { count: 5 }, halfLifeDays: 10 };
  await init();
  const here = buildProfile(
    own.map((action) => ({ ...action, vector: Float32Array.from(action.vector) })),
    options,
  );
  assert.equal(here.interests.length, 5);
  const there = await ask("profile", { actions: own, options });
  assert.deepEqual(
    there,
    here.interests.map((interest) => ({ ...interest, vector: [...interest.vector] })),
  );
});

test("many requests at once share one instance of the wasm", { timeout: 60_000 }, async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      ask("recommend", { actions, now, options: { pick: { seed: 7 } } }),
    ),
  );
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
});

test("errors are errors there too, with their codes", { timeout: 30_000 }, async () => {
  const { code: known, message } = await ask("wrong");
  assert.equal(known, "option");
  assert.match(message, /counts/);
});

test("the bundle imports the wasm as a module, and nothing of Node", () => {
  const imported = [...code.matchAll(/^import .* from "(.*)";$/gm)].map(([, from]) => from);
  assert.deepEqual(imported, ["./core_bg.wasm"]);
});

// The Worker of docs/start/cloudflare.md in workerd, with the requests of that page.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { Catalogue, openSage } from "pocketsage";
import { blocksOf } from "../../site/snippets/extract.mjs";
import { bundle } from "./bundle.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const document = "docs/start/cloudflare.md";
const items = Array.from({ length: 60 }, (_, index) => {
  const topic = ["tea", "bike", "lamp"][index % 3];
  const vector = [0, 1, 2].map((axis) => (index % 3 === axis ? 1 : 0.01 * (index % (axis + 4))));
  return [`${topic}-${index}`, Float32Array.from(vector), { title: `${topic} ${index}` }];
});
const catalogue = await Catalogue.from(items, { dim: 3 });
const files = Object.fromEntries(
  blocksOf(await readFile(join(root, document), "utf8"), document)
    .filter(({ kind }) => kind === "file")
    .map(({ value, code }) => [value, code]),
);
let folder;
let miniflare;
/** Status of the static file. */
let status = 200;

before(
  async () => {
    // A Worker is bundled inside of the project whose packages it imports.
    await mkdir(join(root, "target"), { recursive: true });
    folder = await mkdtemp(join(root, "target", "tutorial-"));
    const entry = join(folder, "worker.js");
    await writeFile(entry, files["worker.js"]);
    const settings = JSON.parse(files["wrangler.jsonc"]);
    assert.equal(settings.main, "worker.js");
    assert.equal(settings.assets.binding, "ASSETS");
    miniflare = new Miniflare({
      modules: (await bundle(entry)).modules,
      compatibilityDate: settings.compatibility_date,
      serviceBindings: {
        ASSETS: (request) => {
          assert.equal(new URL(request.url).pathname, "/items.sage");
          return new Response(status === 200 ? catalogue.toBytes() : "not found", { status });
        },
      },
      host: "127.0.0.1",
      port: 0,
      cf: false,
    });
    await miniflare.ready;
  },
  { timeout: 60_000 },
);
after(async () => {
  await miniflare?.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function recommend(body) {
  const url = "http://worker/recommend";
  const response = await miniflare.dispatchFetch(url, { method: "POST", body });
  return { status: response.status, answer: await response.json() };
}

test("a missing catalogue is an error of this request only", { timeout: 30_000 }, async () => {
  status = 404;
  const missing = await recommend("{}");
  assert.equal(missing.status, 500);
  assert.match(missing.answer.message, /public\/items.sage: status 404/);
  status = 200;
  assert.equal((await recommend("{}")).status, 200);
});

test("the request of the page has the picks of Node, with titles", {
  timeout: 30_000,
}, async () => {
  const actions = [{ item: "tea-0" }, { item: "bike-1", weight: 3 }];
  const body = JSON.stringify({ actions: [...actions, { item: "gone" }], count: 3 });
  const { status: code, answer } = await recommend(body);
  assert.equal(code, 200, answer.message);
  const sage = await openSage({ catalogue });
  await sage.record(actions);
  const expected = (await sage.recommend({ count: 3 })).map(({ item, because }) => ({
    item,
    title: catalogue.payload(item).title,
    because: catalogue.payload(because.medoid).title,
  }));
  assert.deepEqual(answer, expected);
  const { answer: second } = await recommend(JSON.stringify({ actions, count: 2, offset: 1 }));
  assert.deepEqual(second, expected.slice(1));
  assert.equal((await recommend("{}")).answer.length, 12, "the catalogue's own");
});

test("wrong requests have status 400 and say why", { timeout: 30_000 }, async () => {
  for (const [body, message] of [
    ["{", /JSON/],
    ['{"count": -1}', /recommend: count: expected a whole number/],
    ['{"actions": [{"item": "tea-0", "weight": "much"}]}', /weight/],
  ]) {
    const { status: code, answer } = await recommend(body);
    assert.equal(code, 400, body);
    assert.match(answer.message, message);
  }
  const response = await miniflare.dispatchFetch("http://worker/");
  assert.deepEqual([response.status, await response.text()], [404, "POST /recommend"]);
});

// Catalogue.fetch: downloads from a server, their progress and their failures.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Catalogue } from "pocketsage";
import { listen } from "../../scripts/lib/http.mjs";
import { rejects, smallCatalogue } from "./world.mjs";

const catalogue = await smallCatalogue();

let server;
let origin;
before(async () => {
  const bytes = Buffer.from(catalogue.toBytes());
  server = await listen((request, response) => {
    if (request.url === "/items.sage")
      return response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    if (request.url.startsWith("/page"))
      return response
        .writeHead(200, { "content-type": "text/html; charset=utf-8" })
        .end(request.url.startsWith("/page.sage") ? "<!doctype html>".repeat(9) : bytes);
    if (request.url === "/cut.sage") return response.writeHead(200).end(bytes.subarray(0, 100));
    if (request.url === "/broken.sage") {
      response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 100));
      return setTimeout(() => response.destroy(), 20);
    }
    if (request.url === "/slow.sage")
      return void response.writeHead(200).write(bytes.subarray(0, 100));
    response.writeHead(404).end("no such file");
  });
  origin = server.origin;
});
after(() => server.close());

test("fetch downloads a catalogue and reports its progress", async () => {
  const progress = [];
  const fetched = await Catalogue.fetch(new URL(`${origin}/items.sage`), {
    onProgress: (loaded, total) => progress.push([loaded, total]),
  });
  assert.equal(fetched.hash, catalogue.hash);
  const size = catalogue.toBytes().length;
  assert.deepEqual(progress.at(-1), [size, size]);
  assert.ok(progress.every(([loaded], index) => index === 0 || loaded > progress[index - 1][0]));
});

test("fetch rejects HTTP errors, broken transfers and corrupt bytes", async () => {
  await rejects(
    Catalogue.fetch(`${origin}/nowhere.sage`),
    "retrieval",
    /nowhere\.sage answered 404/,
  );
  await rejects(
    Catalogue.fetch(`${origin}/broken.sage`),
    "retrieval",
    /broken\.sage could not be downloaded/,
  );
  await rejects(Catalogue.fetch(`${origin}/cut.sage`), "corrupt", /./);
  await rejects(
    Catalogue.fetch("http://127.0.0.1:1/x.sage"),
    "retrieval",
    /could not be downloaded/,
  );
  await rejects(
    Catalogue.fetch(`${origin}/items.sage`, { progress() {} }),
    "option",
    /unknown option "progress".*onProgress/,
  );
});

test("fetch of a web page names the address; a page is more than its type", async () => {
  const { message } = await rejects(
    Catalogue.fetch(`${origin}/page.sage?key=secret`),
    "retrieval",
    /\/page\.sage is a web page\. .*public\//,
  );
  assert.doesNotMatch(message, /secret/);
  assert.equal((await Catalogue.fetch(`${origin}/pages/items.sage`)).hash, catalogue.hash);
});

test("fetch is aborted by its signal, before and during the transfer", async (context) => {
  const request = context.mock.method(globalThis, "fetch");
  await rejects(
    Catalogue.fetch(`${origin}/items.sage`, { signal: AbortSignal.abort() }),
    "aborted",
    /aborted/,
  );
  assert.equal(request.mock.callCount(), 0, "an aborted signal prevents the request");
  const controller = new AbortController();
  const waiting = Catalogue.fetch(`${origin}/slow.sage`, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await rejects(waiting, "aborted", /aborted/);
});

test("an answer that Catalogue.fetch refuses is cancelled", async (t) => {
  let open = 0;
  const endless = (init) => {
    open += 1;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(64)),
      cancel: () => {
        open -= 1;
      },
    });
    return new Response(body, init);
  };
  for (const init of [{ status: 404 }, { status: 200 }]) {
    t.mock.method(globalThis, "fetch", async () => endless(init));
    await assert.rejects(Catalogue.fetch("https://host.example/items.sage"));
    t.mock.restoreAll();
    assert.equal(open, 0, `${init.status}`);
  }
});

// No request leaves the page after loading, and the outbound panel reports what was fetched.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { listen } from "../../scripts/lib/http.mjs";
import { ANIMALS, FOODS, openBrowser, SPORTS, visit } from "./visitor.mjs";

openBrowser();

test("after loading, a complete visit makes no request", async (t) => {
  const visitor = await (await visit(t)).ready();
  const before = visitor.requests.length;
  await visitor.tap(...ANIMALS, ...SPORTS, ...FOODS);
  await visitor.act(() => visitor.page.locator(".recommendation-button").first().click());
  await visitor.act(() => visitor.page.getByRole("button", { name: "Undo" }).click());
  assert.deepEqual(
    visitor.requests.slice(before).map((request) => request.url()),
    [],
  );
  for (const request of visitor.requests) {
    assert.equal(request.method(), "GET");
    assert.equal(request.postData(), null);
    assert.equal(new URL(request.url()).search, "");
  }
});

test("the outbound panel reports no messages and lists every fetched file", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS);
  const panel = page.getByRole("region", { name: "What has left this device" });
  assert.equal(await panel.locator(".verdict").textContent(), "Nothing.");
  await panel.locator("summary").click();
  const files = await panel.locator("li").allTextContents();
  assert.equal(
    files.length,
    new Set(visitor.requests.map((request) => request.url())).size,
    "one line per distinct request",
  );
  for (const file of [/\.sage/, /\.wasm/, /worker.*\.js/, /index.*\.js/]) {
    assert.ok(
      files.some((line) => file.test(line)),
      `${file} is in ${files}`,
    );
  }
});

test("the outbound panel names the host of a request to another origin", async (t) => {
  const other = await listen((_, response) => response.end());
  t.after(() => other.close());
  const { origin, port } = other;
  const host = `127.0.0.1:${port}`;
  const visitor = await (await visit(t, { otherOrigins: [origin] })).ready();
  await visitor.page.evaluate((url) => fetch(url, { mode: "no-cors" }), `${origin}/`);
  await visitor.until(
    (host) => document.querySelector(".verdict").textContent.includes(host),
    host,
  );
});

test("the page works when served by the Vite development server", async (t) => {
  const server = await createServer({
    root: fileURLToPath(new URL("../../www", import.meta.url)),
    server: { host: "127.0.0.1", port: 0 },
    logLevel: "error",
  });
  t.after(() => server.close());
  await server.listen();
  const visitor = await (await visit(t, { url: server.resolvedUrls.local[0] })).ready();
  await visitor.tap(...FOODS);
  assert.equal(await visitor.actionCount(), 4);
});

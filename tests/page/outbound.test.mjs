// What leaves the device: nothing; and the page says so from what it can see.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { createServer } from "vite";
import { ANIMALS, FOODS, openBrowser, SPORTS, visit } from "./visit.mjs";

openBrowser();

test("after the page has loaded, a whole visit asks nothing of anyone", async (t) => {
  const visitor = await (await visit(t)).ready();
  const before = visitor.requests.length;
  await visitor.tap(...ANIMALS, ...SPORTS, ...FOODS);
  await visitor.after(() => visitor.page.locator(".take").first().click());
  await visitor.after(() => visitor.page.getByRole("button", { name: "Undo" }).click());
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

test("the account says nothing has left, and lists what came in", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS);
  const account = page.getByRole("region", { name: "What has left this device" });
  assert.equal(await account.locator(".verdict").textContent(), "Nothing.");
  await account.locator("summary").click();
  const files = await account.locator("li").allTextContents();
  assert.equal(
    files.length,
    new Set(visitor.requests.map((request) => request.url())).size,
    "as many as the browser asked for",
  );
  for (const file of [/\.sage/, /\.wasm/, /worker.*\.js/, /\.css/]) {
    assert.ok(
      files.some((line) => file.test(line)),
      `${file} is in ${files}`,
    );
  }
});

test("the account does not look away: a request to another origin is named", async (t) => {
  const other = "http://localhost:9/"; // nobody listens on the discard port
  const prepare = (context) => context.route(other, (route) => route.fulfill({ body: "" }));
  const visitor = await (await visit(t, { prepare, expected: /ERR_/ })).ready();
  await visitor.page.evaluate(
    (other) => fetch(other, { mode: "no-cors" }).catch(() => undefined),
    other,
  );
  await visitor.until(() => document.querySelector(".verdict").textContent.includes("localhost:9"));
  visitor.requests.splice(
    visitor.requests.findIndex((request) => request.url() === other),
    1,
  );
});

test("served by Vite while developing, it works the same", async (t) => {
  const server = await createServer({
    root: fileURLToPath(new URL("../../www", import.meta.url)),
    server: { host: "127.0.0.1", port: 0 },
    logLevel: "error",
  });
  t.after(() => server.close());
  await server.listen();
  const visitor = await (await visit(t, { url: server.resolvedUrls.local[0] })).ready();
  await visitor.tap(...FOODS);
  assert.equal(await visitor.actions(), 4);
});

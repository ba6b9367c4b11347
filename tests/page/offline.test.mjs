// The page without network. A file of its own, which has its own browser: once requests of one
// context were routed, Playwright lets Firefox bypass all caches and service workers, to its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FOODS, openBrowser, visit } from "./visitor.mjs";

openBrowser();

test("once loaded, the page works without network", async (t) => {
  const visitor = await (await visit(t, { serviceWorkers: "allow" })).ready();
  const { page } = visitor;
  await visitor.until(async () => {
    const { active } = await navigator.serviceWorker.ready;
    return active.state === "activated";
  });
  const files = await page.evaluate(async () => {
    const [name] = await caches.keys();
    return (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname);
  });
  for (const part of [/\.sage$/, /\.wasm$/, /worker.*\.js$/, /manifest/, /icon-192/])
    assert.ok(
      files.some((path) => part.test(path)),
      `${part} is kept`,
    );
  await page.context().setOffline(true);
  await visitor.reload();
  await visitor.tap(...FOODS);
  assert.equal(await visitor.actionCount(), 4);
});

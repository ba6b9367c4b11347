// One profile has equal bits on every runtime: its hash, recorded from native Rust
// (tests/golden.rs), is computed in Node, in Chromium and in workerd.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import * as pocketsage from "pocketsage";
import { launchChromium, launchFirefox } from "../browser/launch.mjs";
import { serveSite } from "../browser/site.mjs";
import { bundle } from "../workerd/bundle.mjs";
import { profileHash } from "./profile-hash.mjs";

const golden = JSON.parse(await readFile(new URL("profile.json", import.meta.url), "utf8"));
const expected = { interests: golden.interests, crc32: golden.crc32 };

test("the golden profile in Node", async () => {
  await pocketsage.init();
  assert.deepEqual(profileHash(pocketsage, golden), expected);
  // The hash depends on the input: another seed has another hash.
  assert.notEqual(
    profileHash(pocketsage, { ...golden, seed: golden.seed + 1 }).crc32,
    expected.crc32,
  );
});

for (const [name, launch] of Object.entries({ Chromium: launchChromium, Firefox: launchFirefox })) {
  test(`the golden profile in ${name}`, { timeout: 60_000 }, async (t) => {
    const [site, browser] = await Promise.all([serveSite(), launch()]);
    t.after(async () => {
      await browser.close();
      await site.close();
    });
    const page = await browser.newPage();
    await page.goto(site.origin);
    const found = await page.evaluate(async (given) => {
      const [sage, { profileHash: hash }] = await Promise.all([
        import("pocketsage"),
        import(`${location.origin}/tests/golden/profile-hash.mjs`),
      ]);
      await sage.init();
      return hash(sage, given);
    }, golden);
    assert.deepEqual(found, expected);
  });
}

test("the golden profile in workerd", { timeout: 60_000 }, async (t) => {
  const { modules } = await bundle(fileURLToPath(new URL("worker.mjs", import.meta.url)));
  const miniflare = new Miniflare({
    modules,
    compatibilityDate: "2026-04-01",
    host: "127.0.0.1",
    port: 0,
    cf: false,
  });
  t.after(() => miniflare.dispose());
  const response = await miniflare.dispatchFetch("http://worker/", {
    method: "POST",
    body: JSON.stringify(golden),
  });
  assert.equal(response.status, 200, await response.clone().text());
  assert.deepEqual(await response.json(), expected);
});

// The vault in real browsers: sealed bytes in IndexedDB, wrong passphrases, consent across tabs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchChromium, launchFirefox } from "./launch.mjs";
import { serveSite } from "./site.mjs";

let site;
before(async () => {
  site = await serveSite();
});
after(() => site?.close());

/** In the page: opens a sage in an encrypted store; its errors as "code". */
async function openInPage(passphrase) {
  const { openSage, indexedDbStore } = await import("pocketsage");
  const { encryptedStore } = await import("pocketsage/vault");
  const store = encryptedStore(indexedDbStore("vault"), { passphrase });
  try {
    const sage = await openSage({ dim: 2, store });
    if ((await sage.actions()).length === 0)
      await sage.record({ item: "secret-item", vector: [1, 0] });
    const items = (await sage.actions()).map(({ item }) => item);
    await sage.close();
    return items;
  } catch (error) {
    return error.code;
  }
}

async function rawBytes() {
  const { indexedDbStore } = await import("pocketsage");
  const bytes = await indexedDbStore("vault").load();
  return bytes && new TextDecoder("latin1").decode(bytes);
}

/** In the page: a consent gate with a sage, in `window.gate`. */
async function openGate() {
  const { openSage, indexedDbStore } = await import("pocketsage");
  const { consentGate } = await import("pocketsage/vault");
  window.gate = consentGate({ given: true });
  window.disk = indexedDbStore("vault");
  const store = window.gate.guardStore(window.disk);
  window.sage = await window.gate.open(() => openSage({ dim: 2, store }));
  await window.sage.record({ item: "secret-item", vector: [1, 0] });
}

for (const [name, launch] of [
  ["Chromium", launchChromium],
  ["Firefox", launchFirefox],
])
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await launch();
    });
    after(() => browser?.close());

    test("sealed in IndexedDB, and a wrong passphrase keeps the data", async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(site.origin);
      assert.deepEqual(await page.evaluate(openInPage, "right words"), ["secret-item"]);
      await page.reload();
      const sealed = await page.evaluate(rawBytes);
      assert.ok(sealed.length > 100);
      assert.doesNotMatch(sealed, /secret-item|sage\.log/);
      assert.equal(await page.evaluate(openInPage, "wrong words"), "option");
      assert.equal(await page.evaluate(rawBytes), sealed);
      assert.deepEqual(await page.evaluate(openInPage, "right words"), ["secret-item"]);
      await context.close();
    });

    test("consent withdrawn in one tab ends it and erases in another", async () => {
      const context = await browser.newContext();
      const tabs = [await context.newPage(), await context.newPage()];
      for (const tab of tabs) {
        await tab.goto(site.origin);
        await tab.evaluate(openGate);
      }
      await tabs[0].evaluate(() => window.gate.withdraw());
      await tabs[1].waitForFunction(() => !window.gate.isGiven);
      await tabs[1].waitForFunction(async () => (await window.disk.load()) === undefined);
      const codeOf = () =>
        window.sage.record({ item: "late", vector: [1, 0] }).then(
          () => "recorded",
          (error) => error.code,
        );
      assert.match(await tabs[1].evaluate(codeOf), /^(aborted|closed)$/);
      assert.equal(await tabs[1].evaluate(() => window.disk.load()), undefined);
      await context.close();
    });
  });

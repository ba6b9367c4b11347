// The built package in headless Firefox.
import { describe } from "node:test";
import { launchFirefox } from "./launch.mjs";
import { testPackage } from "./package.mjs";

/** The storage of all origins together, in KB: Firefox has no command to change it later. */
const STORAGE_KB = 8192;

describe("Firefox", () =>
  testPackage(
    () => launchFirefox({ "dom.quotaManager.temporaryStorage.fixedLimit": STORAGE_KB }),
    async (page) => {
      await page.evaluate(defineFiller);
      // Deleting the small database leaves room for a small profile.
      await page.evaluate(() => fill("small", 4));
      await page.evaluate(() => fill("large", Infinity));
      await page.evaluate(() => empty("small"));
      return () => page.evaluate(() => empty("large"));
    },
  ));

/**
 * Runs in the page: defines `fill(name, count)`, which adds blocks of 64 KB to a database until the
 * storage is full, and `empty(name)`, which deletes the database and waits for its space.
 */
function defineFiller() {
  const settled = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  window.fill = async (name, count) => {
    const request = indexedDB.open(name);
    request.onupgradeneeded = () => request.result.createObjectStore("blocks");
    const database = await settled(request);
    const addBlock = (number) => {
      const transaction = database.transaction("blocks", "readwrite");
      // Random, because Firefox compresses what it stores.
      const block = crypto.getRandomValues(new Uint8Array(1 << 16));
      transaction.objectStore("blocks").add(block, number);
      return new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
    };
    try {
      for (let number = 0; number < count; number++) await addBlock(number);
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
    }
    database.close();
  };
  window.empty = async (name) => {
    const usage = async () => (await navigator.storage.estimate()).usage;
    const before = await usage();
    await settled(indexedDB.deleteDatabase(name));
    // The space is free a moment later.
    while ((await usage()) >= before) await new Promise((resolve) => setTimeout(resolve, 10));
  };
}

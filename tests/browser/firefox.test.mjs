// The built package in headless Firefox.
import { describe } from "node:test";
import { launchFirefox } from "./launch.mjs";
import { testPackage } from "./package.mjs";

/** The storage of all origins together, in KB: Firefox has no command to change it later. */
const STORAGE_KB = 8192;

describe("Firefox", { timeout: 300_000 }, () =>
  testPackage(
    () => launchFirefox({ "dom.quotaManager.temporaryStorage.fixedLimit": STORAGE_KB }),
    async (page) => {
      // What is left is room for a small profile, but not for a large one.
      await page.evaluate(leaveRoom, { least: 150_000, most: 400_000 });
      return () => page.evaluate(() => deleteFiller());
    },
  ),
);

/**
 * Runs in the page: fills the storage until between `least` and `most` bytes are left, and defines
 * `deleteFiller()`. The storage is never full meanwhile: a full one would leave Firefox with pages
 * that it moves within the database later, as soon as something else is deleted.
 */
async function leaveRoom({ least, most }) {
  const blockBytes = 1 << 14;
  const settled = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const addBlock = (database) => {
    const transaction = database.transaction("blocks", "readwrite");
    // Random, because Firefox compresses what it stores.
    const block = crypto.getRandomValues(new Uint8Array(blockBytes));
    transaction.objectStore("blocks").add(block);
    return new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
  };
  const bytesLeft = async () => {
    const { quota, usage } = await navigator.storage.estimate();
    return quota - usage;
  };
  for (let left = await bytesLeft(); left > most; left = await bytesLeft()) {
    const request = indexedDB.open("filler");
    request.onupgradeneeded = () =>
      request.result.createObjectStore("blocks", { autoIncrement: true });
    const database = await settled(request);
    // A block can take more than twice its size until the database is closed: it is in the database
    // and in the journal of the database.
    const count = Math.max(1, Math.floor((left - least) / blockBytes / 4));
    for (let block = 0; block < count; block++) await addBlock(database);
    database.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  window.deleteFiller = async () => {
    const before = await bytesLeft();
    await settled(indexedDB.deleteDatabase("filler"));
    // The space is free a moment later.
    for (let attempt = 0; attempt < 100 && (await bytesLeft()) <= before; attempt++)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };
}

// `npm run test:kill`: kills Chromium (kill -9) while a page records, opens the profile again, and
// asserts that nothing acknowledged is lost and nothing counts twice. `--rounds 5` by default.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { findChromium } from "../../scripts/lib/chromium.mjs";
import { serveSite } from "../browser/site.mjs";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const RECORDING_MS = 1500;

const site = await serveSite();
const folder = await mkdtemp(join(tmpdir(), "pocketsage-kill-"));
const { path } = await findChromium();
let acknowledged = 0;
let attempted = 0;

/** A page of a browser with the profile of all rounds, and a function that kills the browser. */
async function launch() {
  const server = await chromium.launchPersistentContext(folder, {
    executablePath: path,
    args: ["--no-sandbox", "--remote-debugging-port=0"],
    handleSIGINT: false,
  });
  const page = server.pages()[0] ?? (await server.newPage());
  const client = await server.browser()?.newBrowserCDPSession();
  const { processInfo = [] } = (await client?.send("SystemInfo.getProcessInfo")) ?? {};
  await page.goto(site.origin);
  return { server, page, processIds: processInfo.map(({ id }) => id) };
}

/** Opens the sage in the page and returns the stored items. */
const openAndCount = (page) =>
  page.evaluate(async () => {
    const { indexedDbStore, openSage } = await import("pocketsage");
    window.sage = await openSage({ dim: 2, store: indexedDbStore("kill") });
    return (await window.sage.actions({ count: 100_000 })).map(({ item }) => item);
  });

try {
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const { page, server, processIds } = await launch();
    assert.ok(processIds.length > 0, "the processes of Chromium are unknown");
    const items = await openAndCount(page);
    assert.equal(new Set(items).size, items.length, "an action counts twice");
    assert.ok(items.length >= acknowledged, `${acknowledged} acknowledged, ${items.length} stored`);
    assert.ok(items.length <= attempted, `${attempted} attempted, ${items.length} stored`);
    console.log(`round ${round}: ${acknowledged} acknowledged, ${items.length} stored`);
    acknowledged = items.length;
    attempted = items.length;
    await page.exposeFunction("attempt", () => void (attempted += 1));
    await page.exposeFunction("acknowledge", () => void (acknowledged += 1));
    const recording = page
      .evaluate(async (number) => {
        for (let index = 0; ; index += 1) {
          await window.attempt();
          await window.sage.record({
            item: `${number} ${index}`,
            vector: Float32Array.of(1, index),
          });
          await window.acknowledge();
        }
      }, round)
      .catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, RECORDING_MS));
    for (const id of processIds) {
      try {
        process.kill(id, "SIGKILL");
      } catch {
        // Ended already, with its parent.
      }
    }
    await recording;
    await server.close().catch(() => undefined);
  }
} finally {
  await site.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
console.log("Nothing acknowledged was lost.");

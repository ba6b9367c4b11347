// One visit with an empty profile on a slow processor: bytes, blocking time, taps.
import { setTimeout } from "node:timers/promises";
import { median } from "../timing.mjs";

/** Factor by which the main thread is slowed. The browser does not slow the worker. */
export const SLOWDOWN = 4;
const NEXT_TAPS = 10;
const MAX_READY_MS = 60_000;
const POLL_MS = 250;
/** A longer task blocks the page; its time above this limit is added to `blockingMs`. */
const MAX_TASK_MS = 50;

/**
 * `{ bytes, files, readyMs, blockingMs, firstTapMs, nextTapMs }`. Bytes are those that were served
 * until the first tap was answered. A tap is answered when the picks are painted.
 */
export async function measureVisit(browser, site) {
  const context = await browser.newContext({
    viewport: { width: 412, height: 823 },
    deviceScaleFactor: 1.75,
    isMobile: true,
    hasTouch: true,
    serviceWorkers: "block",
  });
  try {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
    // Playwright's own waiting would put a task of 50 ms into the page while it loads.
    await page.addInitScript(() => {
      window.longTasks = [];
      new MutationObserver(() => {
        if (document.body?.dataset.state === "ready") window.readyMs ??= performance.now();
      }).observe(document, { subtree: true, attributeFilter: ["data-state"] });
      new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries())
          window.longTasks.push([startTime, duration]);
      }).observe({ type: "longtask", buffered: true });
    });
    site.served.clear();
    await page.goto(site.url);
    const readyMs = await readyTime(session);
    const ids = await page.$$eval(".item", (items) =>
      items.slice(40, 51).map(({ value }) => value),
    );
    const firstTapMs = await tap(page, ids[0]);
    const files = new Map(site.served);
    const nextTaps = [];
    for (const id of ids.slice(1, 1 + NEXT_TAPS)) nextTaps.push(await tap(page, id));
    const longTasks = await page.evaluate(() => window.longTasks);
    const blockingMs = longTasks
      .filter(([start]) => start < readyMs)
      .reduce((sum, [, duration]) => sum + Math.max(0, duration - MAX_TASK_MS), 0);
    const bytes = [...files.values()].reduce((sum, length) => sum + length, 0);
    return { bytes, files, readyMs, blockingMs, firstTapMs, nextTapMs: median(nextTaps) };
  } finally {
    await context.close();
  }
}

/** When the page was ready, in milliseconds since the navigation. Reads it without a script. */
async function readyTime(session) {
  for (const end = Date.now() + MAX_READY_MS; Date.now() < end; ) {
    const { result } = await session.send("Runtime.evaluate", { expression: "window.readyMs" });
    if (result.value !== undefined) return result.value;
    await setTimeout(POLL_MS);
  }
  throw new Error(`the page is not ready after ${MAX_READY_MS} ms`);
}

/** Milliseconds from a click to the end of the frame that has the new list of picks. */
function tap(page, id) {
  return page.evaluate(
    (id) =>
      new Promise((resolve) => {
        const list = document.getElementById("list-several");
        const start = performance.now();
        const observer = new MutationObserver(() => {
          if (list.children.length === 0) return;
          observer.disconnect();
          // The frame's layout and paint come before the next task.
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
        });
        observer.observe(list, { childList: true, subtree: true, characterData: true });
        document.querySelector(`.item[value="${id}"]`).click();
      }),
    id,
  );
}

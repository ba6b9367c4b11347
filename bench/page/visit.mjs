// One visit with an empty profile on a slow processor: bytes, blocking time, taps.
import { setTimeout } from "node:timers/promises";
import { median } from "../timing.mjs";

/** Factor by which the main thread is slowed. The browser does not slow the worker. */
export const SLOWDOWN = 4;
/** Number of taps after the first that are measured. */
export const NEXT_TAPS = 14;
/** Numbers of actions at which TAPS_PER_LENGTH taps are measured again. */
export const HISTORY_LENGTHS = [60, 150];
export const TAPS_PER_LENGTH = 5;
/** Between two taps, so that neither waits for what follows the other. */
const PAUSE_MS = 300;
const MAX_READY_MS = 60_000;
const POLL_MS = 250;
/** A longer task blocks the page; its time above this limit is added to `blockingMs`. */
const MAX_TASK_MS = 50;

/**
 * `{ slowdown, bytes, files, readyMs, blockingMs, firstTapMs, nextTapMs, maxNextTapMs,
 * laterTapMs }`, with the numbers of `HISTORY_LENGTHS` in `laterTapMs`. `slowdown` is measured.
 * Bytes are those that were served until the first tap was answered. A tap is answered when its
 * picks are painted.
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
    await setSlowdown(session, SLOWDOWN);
    await page.addInitScript(observePage);
    site.served.clear();
    await page.goto(site.url);
    const readyMs = await readyTime(session);
    const longTasks = await page.evaluate(() => window.longTasks);
    const slowdown = await slowDown(page, session);
    const items = await page.$$eval(".item", (items) => items.map(({ value }) => value));
    // Spread over the wall: 37 is prime to the number of items.
    let taps = 0;
    const nextItem = () => items[(40 + 37 * taps++) % items.length];
    const firstTapMs = await tap(page, nextItem());
    const files = new Map(site.served);
    const nextTaps = [];
    for (let count = 0; count < NEXT_TAPS; count += 1) nextTaps.push(await tap(page, nextItem()));
    const laterTapMs = {};
    for (const length of HISTORY_LENGTHS) {
      await page.evaluate(tapAll, Array.from({ length: length - 1 - taps }, nextItem));
      const laterTaps = [];
      for (let count = 0; count < TAPS_PER_LENGTH; count += 1)
        laterTaps.push(await tap(page, nextItem()));
      laterTapMs[length] = median(laterTaps);
    }
    const blockingMs = longTasks
      .filter(([start]) => start < readyMs)
      .reduce((sum, [, duration]) => sum + Math.max(0, duration - MAX_TASK_MS), 0);
    return {
      slowdown,
      files,
      readyMs,
      blockingMs,
      firstTapMs,
      laterTapMs,
      bytes: [...files.values()].reduce((sum, length) => sum + length, 0),
      nextTapMs: median(nextTaps),
      maxNextTapMs: Math.max(...nextTaps),
    };
  } finally {
    await context.close();
  }
}

/**
 * Slows the main thread of the page, and returns by how much, as a loop measures it. It is about 1
 * if the browser has one processor only, or a real-time priority.
 */
export async function slowDown(page, session) {
  await setSlowdown(session, 1);
  const fast = await page.evaluate(timeLoop);
  await setSlowdown(session, SLOWDOWN);
  return (await page.evaluate(timeLoop)) / fast;
}

function setSlowdown(session, rate) {
  return session.send("Emulation.setCPUThrottlingRate", { rate });
}

/** Runs in the page: the shortest time of a loop, in milliseconds. */
function timeLoop() {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    let sum = 0;
    for (let index = 0; index < 2e7; index += 1) sum = (sum * 31 + index) | 0;
    window.loopSum = sum;
    return performance.now() - start;
  });
  return Math.min(...times);
}

/**
 * Runs in the page before its scripts. Playwright's own waiting would put a task of 50 ms into the
 * page while it loads.
 */
function observePage() {
  window.longTasks = [];
  new MutationObserver(() => {
    if (document.body?.dataset.state === "ready") window.readyMs ??= performance.now();
  }).observe(document, { subtree: true, attributeFilter: ["data-state"] });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      window.longTasks.push([startTime, duration]);
  }).observe({ type: "longtask", buffered: true });
  // A message that is sent before the callbacks of a frame arrives when the frame is painted, and
  // before all messages that these callbacks send.
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => window.onFrameEnd?.();
  const requestFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (run) =>
    requestFrame((time) => {
      port2.postMessage(undefined);
      run(time);
    });
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

/** Milliseconds from a click to the end of the frame that has the new picks. */
async function tap(page, id) {
  await setTimeout(PAUSE_MS);
  return page.evaluate(
    (id) =>
      new Promise((resolve) => {
        const start = performance.now();
        const observer = new MutationObserver(() => {
          observer.disconnect();
          window.onFrameEnd = () => {
            window.onFrameEnd = undefined;
            resolve(performance.now() - start);
          };
          requestAnimationFrame(() => {});
        });
        const section = document.getElementById("recommendations");
        observer.observe(section, { attributeFilter: ["data-actions"] });
        document.querySelector(`.item[value="${id}"]`).click();
      }),
    id,
  );
}

/** Runs in the page: taps items, and resolves when they are all rendered. */
async function tapAll(ids) {
  for (const id of ids) document.querySelector(`.item[value="${id}"]`).click();
  while (document.body.dataset.state !== "ready")
    await new Promise((resolve) => window.setTimeout(resolve, 100));
}

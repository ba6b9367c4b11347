// The map with 20,000 items: frames while it is moved and zoomed.
import { Catalogue } from "pocketsage";
import { seededRandom } from "../../scripts/lib/random.mjs";

const ITEMS = 20_000;
const DIM = 64;
const KINDS = 60;
const PAN_MOVES = 90;
const WHEEL_TURNS = 30;

/**
 * `{ items, layoutMs, frameP95, script, thread }`: 95 % of the frames are at most `frameP95` apart.
 * `script` has quantiles of the processor time of the script in a frame, `thread` is the mean time
 * of the main thread for a frame, all work included. Both are processor time in milliseconds, which
 * does not depend on the load of the machine. The catalogue of the page is replaced by one of
 * synthetic items.
 */
export async function measureMap(browser, site) {
  const bytes = await syntheticCatalogue();
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    serviceWorkers: "block",
  });
  try {
    const page = await context.newPage();
    await context.route("**/emoji-*.sage", (route) => route.fulfill({ body: Buffer.from(bytes) }));
    await page.addInitScript(() => {
      window.frames = [];
      const tick = (now) => {
        window.frames.push(now);
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    await page.goto(`${site.url}#view=map`);
    await page.waitForSelector('body[data-state="ready"]');
    for (const index of [0, 1, 2, 40, 41, 42]) await page.locator(".item").nth(index).click();
    const start = performance.now();
    await page.waitForSelector('.map-canvas[data-state="ready"]', { timeout: 300_000 });
    const layoutMs = performance.now() - start;
    await page.waitForTimeout(1500);
    const box = await page.locator(".map-canvas").boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const trace = await startTrace(browser);
    await page.evaluate(() => {
      window.frames.length = 0;
    });
    await page.mouse.move(x, y);
    for (let turn = 0; turn < WHEEL_TURNS; turn += 1) {
      await page.mouse.wheel(0, turn < WHEEL_TURNS / 2 ? -80 : 80);
      await page.waitForTimeout(16);
    }
    await page.mouse.down();
    for (let move = 0; move < PAN_MOVES; move += 1)
      await page.mouse.move(x + 90 * Math.sin(move / 12), y + 60 * Math.sin(move / 9));
    await page.mouse.up();
    const frames = await page.evaluate(() => window.frames);
    const events = await trace.stop();
    const gaps = frames.slice(1).map((time, index) => time - frames[index]);
    const tasks = tasksOfMainThread(events);
    const sum = (values) => values.reduce((total, value) => total + value, 0);
    // The callback that counts frames does nothing: frames with less than this drew no map.
    const scripts = tasks.scripts.filter((time) => time > 0.1);
    return {
      items: ITEMS,
      layoutMs,
      frameP95: quantile(gaps, 0.95),
      script: { median: quantile(scripts, 0.5), p95: quantile(scripts, 0.95) },
      thread: sum(tasks.all) / frames.length,
    };
  } finally {
    await context.close();
  }
}

function quantile(values, share) {
  return values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}

/** Records the tasks of the browser's threads with their processor time. */
async function startTrace(browser) {
  const session = await browser.newBrowserCDPSession();
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: {
      includedCategories: ["devtools.timeline", "disabled-by-default-devtools.timeline"],
    },
  });
  return {
    async stop() {
      const hasEnded = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
      await session.send("Tracing.end");
      await hasEnded;
      await session.detach();
      return events;
    },
  };
}

/**
 * Processor times in milliseconds: of all tasks of the thread with the most frames, and of its
 * callbacks of frames.
 */
function tasksOfMainThread(events) {
  const threadOf = ({ pid, tid }) => `${pid} ${tid}`;
  const frames = events.filter(({ name }) => name === "FireAnimationFrame");
  const counts = new Map();
  for (const event of frames) counts.set(threadOf(event), (counts.get(threadOf(event)) ?? 0) + 1);
  const [main] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  const timesOf = (name) =>
    events
      .filter((event) => event.name === name && threadOf(event) === main && event.tdur > 0)
      .map(({ tdur }) => tdur / 1000);
  return { all: timesOf("RunTask"), scripts: timesOf("FireAnimationFrame") };
}

async function syntheticCatalogue() {
  const random = seededRandom(1);
  const vector = () => Float32Array.from({ length: DIM }, () => random() - 0.5);
  const centres = Array.from({ length: KINDS }, vector);
  const items = Array.from({ length: ITEMS }, (_, row) => {
    const kind = row % KINDS;
    const noise = vector();
    const values = centres[kind].map((value, k) => value + 0.7 * noise[k]);
    return [`item-${row}`, values, { label: `item ${row}`, group: `kind ${kind}` }];
  });
  const catalogue = await Catalogue.from(items, { dim: DIM, precision: "compact" });
  return catalogue.toBytes();
}

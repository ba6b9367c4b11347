// The map with 20,000 items: frames while it is moved and zoomed.
import { Catalogue } from "pocketsage";
import { seededRandom } from "../../scripts/lib/random.mjs";

const ITEMS = 20_000;
const DIM = 64;
const KINDS = 60;
const PAN_MOVES = 90;
const WHEEL_TURNS = 30;

/**
 * `{ items, frameP95, scriptP95, layoutMs }`: 95 % of the frames are at most `frameP95` apart.
 * The catalogue of the page is replaced by one of synthetic items.
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
      window.scripts = [];
      const request = window.requestAnimationFrame.bind(window);
      window.requestAnimationFrame = (callback) =>
        request((now) => {
          const start = performance.now();
          callback(now);
          window.scripts.push(performance.now() - start);
        });
      const tick = (now) => {
        window.frames.push(now);
        request(tick);
      };
      request(tick);
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
    await page.evaluate(() => {
      window.frames.length = 0;
      window.scripts.length = 0;
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
    const { frames, scripts } = await page.evaluate(() => ({
      frames: window.frames,
      scripts: window.scripts,
    }));
    const gaps = frames.slice(1).map((time, index) => time - frames[index]);
    const p95 = (values) => values.sort((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? 0;
    return { items: ITEMS, frameP95: p95(gaps), scriptP95: p95(scripts), layoutMs };
  } finally {
    await context.close();
  }
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

// `npm run screenshots`: pictures of every view of the page, with 0 to 150 actions, on a desktop
// and a phone, light and dark, into target/screenshots/.
//   npm run screenshots -- phone dark 150   only those whose name has all of these words
//   npm run screenshots -- --readme         the two pictures of README.md, into docs/images/
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { printTitle, reportDone, runScript } from "./lib/output.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const DEVICES = {
  desktop: { viewport: { width: 1280, height: 860 } },
  tablet: { viewport: { width: 1024, height: 768 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};
const SCHEMES = ["light", "dark"];
const ACTION_COUNTS = [0, 3, 15, 60, 150];
/** Groups of the emoji catalogue whose items are tapped, in turn. */
const KINDS = ["food-drink", "animals-nature", "activities", "travel-places", "objects"];
/** For each dialog, the action that opens it. */
const DIALOGS = {
  share: (page) => page.getByRole("button", { name: "Share" }).click(),
  catalogue: (page) => page.locator("#catalogue").selectOption("load"),
  tour: (page) => page.getByRole("button", { name: "Tour" }).click(),
};
const DAY_MS = 24 * 60 * 60 * 1000;
const HISTORY_DAYS = 40;
/** Maximum size of a picture in README.md, in bytes. */
const MAX_README_BYTES = 150_000;

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { readme: { type: "boolean", default: false } },
  });
  await setup({ browsers: new Set(["chromium"]) });
  await build();
  const { serveBuiltPage } = await import("../tests/page/built-page.mjs");
  const { launchChromium } = await import("../tests/browser/launch.mjs");
  const site = await serveBuiltPage();
  const browser = await launchChromium();
  printTitle("Screenshots");
  try {
    if (values.readme) await takeReadmePictures(browser, site.url);
    else await takeAll(browser, site.url, positionals);
  } finally {
    await browser.close();
    await site.close();
  }
});

async function takeAll(browser, url, words) {
  const folder = join(root, "target", "screenshots");
  await mkdir(folder, { recursive: true });
  for (const device of Object.keys(DEVICES))
    for (const scheme of SCHEMES)
      for (const count of ACTION_COUNTS) {
        const name = `${device}-${scheme}-${count}`;
        if (!words.every((word) => name.split("-").includes(word))) continue;
        const start = performance.now();
        const page = await openPage(browser, url, { device, scheme, count });
        const save = (part) => page.screenshot({ path: join(folder, `${name}-${part}.png`) });
        await save("top");
        for (const view of count === 0 ? ["type"] : await viewsOf(page)) {
          if (count === 0) await page.getByRole("button", { name: "Type what you like" }).click();
          else await page.locator(`#tab-${view}`).click();
          if (view === "type") await typeText(page, save);
          if (view === "map") await page.waitForSelector('.map-canvas[data-state="ready"]');
          await page.locator(".tabs").scrollIntoViewIfNeeded();
          await page.waitForTimeout(400);
          await save(view);
        }
        await page.evaluate(() => scrollTo(0, 0));
        for (const [name, open] of Object.entries(DIALOGS)) {
          await open(page);
          await page.waitForTimeout(300);
          await save(name);
          await page.keyboard.press("Escape");
        }
        await page.locator("#outbound").scrollIntoViewIfNeeded();
        await page.waitForTimeout(300);
        await save("end");
        await page.context().close();
        reportDone(name, folder, (performance.now() - start) / 1000);
      }
}

/** Pictures of the view "Type": empty, an unknown word, and with a text that stays. */
async function typeText(page, save) {
  for (const text of ["", "xqzqy", "cold rain"]) {
    await page.locator("#typed").fill(text);
    await page.waitForFunction(
      (text) => document.getElementById("found").dataset.text === text,
      text,
    );
    if (text !== "cold rain") await save(`type-${text || "empty"}`);
  }
}

function viewsOf(page) {
  return page.$$eval(".tab", (tabs) => tabs.map((tab) => tab.value));
}

/** The example in both schemes, as WebP, which Chromium's canvas encodes. */
async function takeReadmePictures(browser, url) {
  for (const scheme of SCHEMES) {
    const page = await openPage(browser, url, { device: "desktop", scheme, count: 0 });
    await page.getByRole("button", { name: "Try an example" }).click();
    await page.waitForFunction(() => document.querySelector(".interest-name")?.textContent);
    await page.evaluate(() => document.activeElement?.blur());
    await page.waitForTimeout(400);
    const png = await page.screenshot();
    const webp = Buffer.from(await page.evaluate(encodeWebp, png.toString("base64")), "base64");
    if (webp.length > MAX_README_BYTES)
      throw new Error(`the picture has ${webp.length} bytes, expected ${MAX_README_BYTES} at most`);
    const path = join(root, "docs", "images", `page-${scheme}.webp`);
    await writeFile(path, webp);
    reportDone(`page-${scheme}.webp`, `${Math.round(webp.length / 1000)} kB`);
    await page.context().close();
  }
}

/** Runs in the page: a PNG as WebP, both in base64. */
async function encodeWebp(png) {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.86).split(",")[1];
}

/** The page with `count` actions of several kinds over the last weeks. */
async function openPage(browser, url, { device, scheme, count }) {
  const context = await browser.newContext({
    ...DEVICES[device],
    colorScheme: scheme,
    reducedMotion: "reduce",
    serviceWorkers: "block",
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector('body[data-state="ready"]');
  if (count === 0) return page;
  const groups = await page.$$eval(".item-group", (elements) =>
    elements.map((element) => [...element.querySelectorAll(".item")].map((item) => item.value)),
  );
  const names = await page.$$eval(".item-group h3", (headings) =>
    headings.map((heading) => heading.id.replace("group-", "")),
  );
  const items = KINDS.map((kind) => groups[names.indexOf(kind)]);
  const now = Date.now();
  const lines = Array.from({ length: count }, (_, index) => {
    const ofKind = items[index % KINDS.length];
    const item = ofKind[Math.floor(index / KINDS.length) % ofKind.length];
    const at = now - Math.round(((count - 1 - index) / count) * HISTORY_DAYS * DAY_MS) - 1000;
    return JSON.stringify({ item, at });
  });
  await page.locator("#import-file").setInputFiles({
    name: "actions.jsonl",
    mimeType: "text/plain",
    buffer: Buffer.from(lines.join("\n")),
  });
  await page.waitForFunction(
    (count) => document.getElementById("interests-note").textContent.includes(`${count} action`),
    count,
  );
  await page.waitForTimeout(600);
  return page;
}

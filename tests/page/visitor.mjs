// Drives the page in a browser: `visit` opens it, `Visitor` has the gestures and readings of tests.
// `npm test` uses Chromium; POCKETSAGE_BROWSER=firefox, which `npm run test:browsers` sets,
// Firefox.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before } from "node:test";
import { launchChromium, launchFirefox } from "../browser/launch.mjs";
import { serveBuiltPage } from "./built-page.mjs";

export const ANIMALS = ["1F436", "1F98A", "1F43C", "1F431"];
export const SPORTS = ["26BD", "1F3BE", "1F3C0", "1F3D0"];
export const FLOWERS = ["1F33B", "1F337", "1F339"];
export const FOODS = ["1F355", "1F35C", "1F363", "1F354"];

export const isFirefox = process.env.POCKETSAGE_BROWSER === "firefox";

let site;
let browser;
/** Firefox by its preferences, as JSON: {@link firefoxWith}. */
const firefoxes = new Map();

/**
 * Call once per test file: builds and serves the page, with options of `serveBuiltPage`, and starts
 * a browser, for its tests.
 */
export function openBrowser(pageOptions) {
  before(async () => {
    site = await serveBuiltPage(pageOptions);
    browser = isFirefox ? await launchFirefox() : await launchChromium();
  });
  after(async () => {
    await browser?.close();
    for (const firefox of firefoxes.values()) await (await firefox).close();
    await site?.close();
  });
}

/**
 * Opens the page for the test `t` with an empty browser profile. After the test, it fails if there
 * was a request to another origin, or a warning or error in the console that `expected` (a regular
 * expression) does not match. `otherOrigins` may be requested, too. `prepare` is called with the
 * browser context before the page opens; other options are Playwright's context options.
 */
export async function visit(
  t,
  { expected, otherOrigins = [], prepare, url = site.url, ...options } = {},
) {
  const opened = isFirefox ? await firefoxWith(options) : browser;
  const context = await opened.newContext({
    viewport: { width: 1280, height: 860 },
    acceptDownloads: true,
    serviceWorkers: "block", // their fetches cannot be observed; offline.test.mjs allows them
    ...options,
  });
  context.setDefaultTimeout(30_000);
  const complaints = [];
  const requests = [];
  context.on("request", (request) => requests.push(request));
  await prepare?.(context);
  const page = await context.newPage();
  page.on("console", (message) => {
    const isExpected = /Service Worker registration blocked/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isExpected)
      complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  t.after(async () => {
    await context.close();
    const unexpected = complaints.filter((text) => !expected?.test(text));
    assert.deepEqual(unexpected, [], "no warning or error in the console");
    const origins = [new URL(url).origin, ...otherOrigins];
    const foreign = requests
      .map((request) => request.url())
      .filter((address) => /^(https?|wss?):/.test(address))
      .filter((address) => !origins.includes(new URL(address).origin));
    assert.deepEqual(foreign, [], "every request goes to the origin of the page");
  });
  await page.goto(url);
  return new Visitor(page, requests);
}

/**
 * A Firefox with the colour scheme and motion of these options. WebDriver BiDi can set neither, nor
 * imitate a phone: the preferences of the browser do, and `options` loses all three.
 */
function firefoxWith(options) {
  const { colorScheme, reducedMotion } = options;
  for (const name of ["colorScheme", "reducedMotion", "isMobile"]) delete options[name];
  const preferences = {
    ...(colorScheme === "dark" && { "layout.css.prefers-color-scheme.content-override": 0 }),
    ...(reducedMotion === "reduce" && { "ui.prefersReducedMotion": 1 }),
  };
  const key = JSON.stringify(preferences);
  if (key === "{}") return browser;
  if (!firefoxes.has(key)) firefoxes.set(key, launchFirefox(preferences));
  return firefoxes.get(key);
}

class Visitor {
  /** `page` is Playwright's; `requests` grows with every request of the page and its worker. */
  constructor(page, requests) {
    this.page = page;
    this.requests = requests;
  }

  /** Waits until all actions so far are rendered and stored. Throws the notice if that fails. */
  async ready() {
    try {
      await this.page.waitForSelector('body[data-state="ready"]');
    } catch (cause) {
      // A notice is no failure yet: the page can show one and then become ready.
      throw new Error((await this.page.textContent("#notices")) || cause.message, { cause });
    }
    return this;
  }

  async reload() {
    await this.ready();
    await this.page.reload();
    return this.ready();
  }

  /** The button of an item on the wall. */
  item(id) {
    return this.page.locator(`.item[value="${id}"]`);
  }

  /** Taps items on the wall, one after the other, each once the last one is counted. */
  async tap(...ids) {
    for (const id of ids) await this.act(() => this.item(id).click());
  }

  /** Runs `gesture` and waits until the page shows another number of actions. */
  async act(gesture) {
    const before = await this.actionCount();
    await gesture();
    await this.until((before) => {
      const note = document.getElementById("interests-note").textContent;
      return Number(note.match(/(\d+) action/)?.[1] ?? 0) !== before;
    }, before);
  }

  async actionCount() {
    return Number((await this.page.textContent("#interests-note")).match(/(\d+) action/)?.[1] ?? 0);
  }

  /** The interest cards: medoid, share in per cent, ids of the members. */
  interests() {
    return this.page.$$eval(".card", (cards) =>
      cards.map((card) => ({
        medoid: card.dataset.medoid,
        share: Number.parseInt(card.querySelector(".share").textContent, 10),
        members: [...card.querySelectorAll(".members > li")].map((member) => member.dataset.key),
      })),
    );
  }

  /** The recommendations with several interests: item id, and the reason as text. */
  recommendations() {
    return this.page.$$eval("#list-several .recommendation", (entries) =>
      entries.map((entry) => ({
        item: entry.dataset.key,
        because: entry.querySelector(".because").textContent,
      })),
    );
  }

  /**
   * The file that `gesture` saves: `{ name, bytes }`. Firefox has no event of downloads in
   * WebDriver BiDi, so there the link that starts one is read.
   */
  async download(gesture) {
    if (!isFirefox) {
      const [download] = await Promise.all([this.page.waitForEvent("download"), gesture()]);
      return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
    }
    await this.page.evaluate(() => {
      globalThis.saved = undefined;
      HTMLAnchorElement.prototype.click = async function () {
        const blob = await (await fetch(this.href)).blob();
        const reader = new FileReader();
        reader.onload = () => {
          globalThis.saved = { name: this.download, base64: reader.result.split(",")[1] };
        };
        reader.readAsDataURL(blob);
      };
    });
    await gesture();
    await this.until(() => globalThis.saved);
    const { name, base64 } = await this.page.evaluate(() => globalThis.saved);
    return { name, bytes: Buffer.from(base64, "base64") };
  }

  /** Waits until `condition`, a function that runs in the page, returns a truthy value. */
  until(condition, argument) {
    return this.page.waitForFunction(condition, argument);
  }
}

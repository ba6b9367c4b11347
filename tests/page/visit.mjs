// A visitor: Chromium on the page, with the gestures and the looks that the tests are made of.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { findChromium } from "../../scripts/lib/chromium.mjs";
import { serveSite } from "./site.mjs";

export const ANIMALS = ["1F436", "1F98A", "1F43C", "1F431"];
export const SPORTS = ["26BD", "1F3BE", "1F3C0", "1F3D0"];
export const FOODS = ["1F355", "1F35C", "1F363", "1F354"];
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];

let site;
let browser;

/** Call once in a test file: the page is served and the browser is there while its tests run. */
export function openBrowser() {
  before(async () => {
    site = await serveSite();
    const { path } = await findChromium();
    browser = await chromium.launch({ executablePath: path, args: [...ARGS, ...QUIET] });
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });
}

/**
 * A visitor of the test `t` with an empty browser profile. When the test ends, nothing may have been asked of any other origin, and the
 * console must have stayed silent but for what `expected` matches. `prepare` gets the browser context before the page is opened.
 */
export async function visit(t, { expected, prepare, url = site.url, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    acceptDownloads: true,
    ...options,
  });
  context.setDefaultTimeout(15_000);
  const complaints = [];
  const requests = [];
  context.on("request", (request) => requests.push(request));
  await prepare?.(context);
  const page = await context.newPage();
  page.on(
    "console",
    (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()),
  );
  page.on("pageerror", (error) => complaints.push(String(error)));
  t.after(async () => {
    await context.close();
    assert.deepEqual(
      complaints.filter((text) => !expected?.test(text)),
      [],
      "the console stayed silent",
    );
    const addresses = requests
      .map((request) => request.url())
      .filter((address) => /^(https?|wss?):/.test(address));
    const strangers = addresses.filter(
      (address) => new URL(address).origin !== new URL(url).origin,
    );
    assert.deepEqual(strangers, [], "every request went to the page's own origin");
  });
  await page.goto(url);
  return new Visitor(page, requests);
}

class Visitor {
  constructor(page, requests) {
    this.page = page;
    this.requests = requests;
  }

  /** Waits until the page stands, and everything done so far is stored. A page that cannot start says why, and so does the test. */
  async ready() {
    await this.page.waitForSelector('body[data-state="ready"], body[data-state="loading"] .notice');
    if ((await this.page.getAttribute("body", "data-state")) !== "ready")
      throw new Error(await this.page.textContent("#notices"));
    return this;
  }

  async reload() {
    await this.ready();
    await this.page.reload();
    return this.ready();
  }

  thing(id) {
    return this.page.locator(`.thing[value="${id}"]`);
  }

  /** Taps things on the wall, one after the other, and waits until the page has counted them. */
  async tap(...ids) {
    for (const id of ids) await this.after(() => this.thing(id).click());
  }

  /** Does it, and waits until the number of actions has changed. */
  async after(deed) {
    const before = await this.actions();
    await deed();
    await this.until((before) => {
      const note = document.getElementById("interests-note").textContent;
      return Number(note.match(/(\d+) action/)?.[1] ?? 0) !== before;
    }, before);
  }

  async actions() {
    return Number((await this.page.textContent("#interests-note")).match(/(\d+) action/)?.[1] ?? 0);
  }

  /** The cards: medoid, share in per cent, members. */
  interests() {
    return this.page.$$eval(".card", (cards) =>
      cards.map((card) => ({
        medoid: card.dataset.medoid,
        share: Number.parseInt(card.querySelector(".share").textContent, 10),
        members: [...card.querySelectorAll(".members > li")].map((member) => member.dataset.key),
      })),
    );
  }

  /** The recommendations: item, and the reason in words. */
  picks() {
    return this.page.$$eval(".pick", (picks) =>
      picks.map((pick) => ({
        item: pick.dataset.key,
        because: pick.querySelector(".because").textContent,
      })),
    );
  }

  /** Waits until this function of the document holds. */
  until(condition, argument) {
    return this.page.waitForFunction(condition, argument);
  }
}

// The dial of modes with two servers of cells on two origins, and the network recorded.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openCellServers, withServers } from "../../scripts/lib/cell-servers.mjs";
import { FOODS, openBrowser, SPORTS, visit } from "./visitor.mjs";

/** Origins of the page; the port is known once it is served. */
const origins = [];
const received = [];
let network;
let servers;
const open = async () => {
  network = await openCellServers({ origins, onRequest: (request) => received.push(request) });
  servers = network.servers;
};
before(open);
after(() => network?.close());
openBrowser({ editHtml: (html) => (servers ? withServers(html, servers) : html) });

/** The page with a history and its dial open. `requests`: those to other origins, no preflights. */
async function openDial(t, options = {}) {
  const otherOrigins = network.hosts.map(({ origin }) => origin);
  const visitor = await (await visit(t, { otherOrigins, ...options })).ready();
  const { page } = visitor;
  origins.push(new URL(page.url()).origin);
  await visitor.tap(...FOODS, ...SPORTS);
  await page.getByRole("button", { name: "Choose what may leave" }).click();
  await settled(page);
  const requests = () =>
    visitor.requests.filter(
      (request) =>
        request.method() !== "OPTIONS" && otherOrigins.includes(new URL(request.url()).origin),
    );
  return { visitor, page, requests };
}

const settled = (page) => page.waitForSelector('[data-dial="ready"]');

async function choose(page, title) {
  await page.getByRole("radio", { name: title }).check();
  await settled(page);
}

async function press(page, name) {
  await page.getByRole("button", { name }).click();
  await settled(page);
}

/** The messages of the list after the heading that begins with `title`: `{ to, body }`. */
const messages = (page, part) =>
  page.$$eval(`${part} .message-list > li`, (entries) =>
    entries.map((entry) => ({
      to: entry.querySelector("p").textContent,
      body: entry.querySelector("code")?.textContent ?? "",
    })),
  );
const previewOf = (page) => messages(page, ".privacy-preview");

/** Requests as the panel shows them. */
const shown = (request) => ({
  to: `${request.method()} ${request.url()}`,
  body: request.postDataBuffer()?.toString("hex") ?? "",
});
const sorted = (list) => list.map((one) => JSON.stringify(one)).sort();

/** Chooses a mode, changes the history, and sends what the panel shows. */
async function sendMode({ visitor, page, requests }, { title, count, isFetched }, taps) {
  const start = requests().length;
  await choose(page, title);
  const opening = requests().length;
  assert.equal(opening - start, isFetched ? 2 : 0, `${title}: manifest and codebook`);
  // An action changes the preview, and sends nothing.
  await visitor.tap(taps[0]);
  await settled(page);
  assert.equal(requests().length, opening);
  const preview = await previewOf(page);
  assert.equal(preview.length, count);
  received.length = 0;
  await press(page, "Send it");
  assert.equal(await page.textContent(".privacy-problem"), "");
  // Playwright gives no bodies of bytes in Firefox; those that arrived are compared below.
  const addressOf = ({ to }) => to;
  const sent = requests().slice(opening).map(shown);
  assert.deepEqual(sorted(sent.map(addressOf)), sorted(preview.map(addressOf)));
  const bodies = received.filter(({ method }) => method === "POST").map(({ body }) => body);
  assert.deepEqual(
    bodies.map((body) => Buffer.from(body).toString("hex")).sort(),
    preview.flatMap(({ body }) => (body ? [body] : [])).sort(),
    `${title}: the servers received the bytes of the preview`,
  );
  assert.ok((await page.locator(".privacy-picks > li").count()) > 6);
  // Nothing more in this epoch.
  await visitor.tap(taps[1]);
  await settled(page);
  assert.equal(requests().length, opening + count);
  assert.match(await page.textContent(".privacy-preview"), /Nothing more leaves/);
  return preview;
}

test("local: no request follows an action; the planner compares", async (t) => {
  const { visitor, page, requests } = await openDial(t);
  assert.match(await page.textContent(".privacy-preview"), /sends nothing/);
  assert.ok(await page.getByRole("button", { name: "Send it" }).isDisabled());
  const before = visitor.requests.length;
  await visitor.tap("1F436", "1F98A");
  await settled(page);
  assert.deepEqual(visitor.requests.slice(before).map(shown), [], "not even to the page's host");
  assert.equal(requests().length, 0);

  const planner = page.locator(".privacy-planner");
  const chosen = () => planner.locator(".chosen th").textContent();
  assert.match(await chosen(), /Whole catalogue/);
  await planner.getByLabel("Items").selectOption({ label: "1,000,000" });
  assert.match(await chosen(), /Two servers/);
  assert.match(await planner.textContent(), /Refused: two servers cost no epsilon/);
  await planner.getByLabel("Hosts").selectOption({ label: "1 operator" });
  assert.doesNotMatch(await chosen(), /Two servers/);
});

test("in every other mode, the requests are exactly the messages of the preview", async (t) => {
  const dial = await openDial(t);
  const { page } = dial;
  const cells = { isFetched: true };
  const ledger = () => page.textContent(".privacy-ledger");
  const split = { title: "cells: two servers", count: 2, ...cells };
  await sendMode(dial, split, ["1F436", "1F98A"]);
  await sendMode(dial, { title: "cells: plain", count: 10, ...cells }, ["1F43C", "1F431"]);
  assert.match(await ledger(), /lifetime: 0\.00\./);
  const sets = { title: "cells: sets with an epsilon", count: 10, ...cells };
  await sendMode(dial, sets, ["1F33B", "1F337"]);
  const spent = Number(/lifetime: ([\d.]+) of 40/.exec(await ledger())[1]);
  assert.ok(spent > 0 && spent <= 20, `${spent}`);

  const isSent = ([{ body }]) =>
    [...FOODS, ...SPORTS].some((item) =>
      Buffer.from(body, "hex").toString("latin1").includes(item),
    );
  const anchors = await sendMode(dial, { title: "anchors", count: 1 }, ["1F339", "1F3B8"]);
  assert.ok(!isSent(anchors), "no item of the history");
  const medoids = await sendMode(dial, { title: "medoids", count: 1 }, ["1F3BB", "1F3BA"]);
  assert.ok(isSent(medoids), "items of the history");
});

test("one of two servers ends: a clear error, and no request instead", async (t) => {
  t.after(async () => {
    await network.close();
    await open();
  });
  const { page, requests } = await openDial(t, { expected: /ERR_CONNECTION_REFUSED/ });
  await choose(page, "cells: two servers");
  const before = requests().length;
  await network.hosts[1].close();
  await press(page, "Send it");
  assert.match(
    await page.textContent(".privacy-problem"),
    /the request failed.*No other request was sent instead/,
  );
  const sent = () => requests().slice(before);
  // The browser reports a failed request some time after the page has its error.
  for (const end = Date.now() + 10_000; sent().length < 2 && Date.now() < end; ) await sleep(50);
  assert.deepEqual(
    sent()
      .map((request) => request.url())
      .sort(),
    [...servers.hosts].sort(),
  );
  assert.equal(await page.locator(".privacy-picks").count(), 0);
});

test("forgetting everything deletes the ledger, too", async (t) => {
  const { visitor, page } = await openDial(t);
  await choose(page, "cells: sets with an epsilon");
  await press(page, "Send it");
  assert.doesNotMatch(await page.textContent(".privacy-ledger"), /lifetime: 0\.00/);
  await page.getByRole("button", { name: "Forget everything" }).click();
  const dialog = page.getByRole("dialog", { name: "Forget everything?" });
  await visitor.act(() => dialog.getByRole("button", { name: "Forget everything" }).click());
  await visitor.ready();
  await settled(page);
  await visitor.until(() =>
    /lifetime: 0\.00/.test(document.querySelector(".privacy-ledger").textContent),
  );
});

test("a folder of files names no servers: the dial says what is missing", async (t) => {
  const saved = servers;
  servers = undefined;
  t.after(() => {
    servers = saved;
  });
  const { page, requests } = await openDial(t);
  for (const title of ["cells: two servers", "anchors"]) {
    await page.getByRole("radio", { name: title }).check();
    assert.match(await page.textContent(".privacy-problem"), /needs servers.*npm start/);
    assert.ok(await page.getByRole("button", { name: "Send it" }).isDisabled());
  }
  await choose(page, "local");
  assert.equal(await page.textContent(".privacy-problem"), "");
  assert.equal(requests().length, 0);
});

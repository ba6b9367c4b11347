// The view "Type": items for typed words, in the order of match and taste; texts as actions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible } from "./axe.mjs";
import { openBrowser, SPORTS, visit } from "./visitor.mjs";

const PIZZA = "1F355";
const ENCODER = /-text-[\w-]+\.sage$/;
const PHONE = {
  viewport: { width: 390, height: 844 },
  colorScheme: "dark",
  reducedMotion: "reduce",
  hasTouch: true,
  isMobile: true,
};

openBrowser();

/** The found items: id and reason. */
function found(visitor) {
  return visitor.page.$$eval(".found", (entries) =>
    entries.map((entry) => ({
      item: entry.dataset.key,
      reason: entry.querySelector(".reason").textContent,
      isActive: entry.getAttribute("aria-selected") === "true",
    })),
  );
}

/** Replaces the typed text, and waits until its result is shown. */
async function type(visitor, text) {
  const { page } = visitor;
  await page.locator("#typed").fill(text);
  await visitor.until(
    (text) => document.getElementById("found").dataset.text === text,
    text.trim(),
  );
}

async function openView(t, options) {
  const visitor = await (await visit(t, options)).ready();
  await visitor.page.getByRole("button", { name: "Type what you like" }).click();
  await visitor.until(() => document.activeElement.id === "typed");
  return visitor;
}

/** Waits for the page with another catalogue, whose search field has this hint. */
async function openedAgain(visitor, hint) {
  await visitor.until(
    (hint) => document.getElementById("search")?.placeholder.includes(hint),
    hint,
  );
  await visitor.ready();
}

test("words find items by name and meaning; the encoder is loaded with the view", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  const encoders = () => visitor.requests.filter((request) => ENCODER.test(request.url()));
  assert.deepEqual(encoders(), [], "the first load has no encoder");
  await page.getByRole("button", { name: "Type what you like" }).click();
  await visitor.until(() => document.activeElement.id === "typed");

  await page.keyboard.type("piz");
  await visitor.until(() => document.getElementById("found").dataset.text === "piz");
  assert.equal((await found(visitor))[0].item, PIZZA, "an unfinished name");
  await page.keyboard.type("za");
  await visitor.until(() => document.getElementById("found").dataset.text === "pizza");
  const [first, ...others] = await found(visitor);
  assert.deepEqual(first, { item: PIZZA, reason: "name: pizza", isActive: true });
  assert.ok(others.length >= 20 && others.every(({ isActive }) => !isActive));
  assert.equal(encoders().length, 1);

  // No emoji has both words: drums are near in meaning, and "loud" is a tag of others.
  await type(visitor, "loud music");
  const loud = await found(visitor);
  assert.ok(loud.some(({ reason }) => /^words: .*loud.*, meaning 0\.\d\d$/.test(reason)));
  assert.match(await page.textContent("#typed-status"), /^\d+ items in [\d.]+ ms\.$/);
  await page.locator(".wishes button").first().waitFor({ state: "hidden" });
  await type(visitor, "");
  assert.deepEqual(await found(visitor), []);
  await page.locator(".wishes button").first().click();
  await page.locator(".found").first().waitFor();
});

test("Enter and a click record items; the taste then lifts others", async (t) => {
  const visitor = await openView(t);
  const { page } = visitor;
  await type(visitor, "ball");
  const before = (await found(visitor)).map(({ item }) => item);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  assert.equal((await found(visitor)).at(-1).isActive, true, "from the first to the last");
  await page.keyboard.press("ArrowDown");
  await visitor.act(() => page.keyboard.press("Enter"));
  await visitor.act(() => page.locator(`.found[data-key="${before[1]}"]`).click());
  assert.equal(await visitor.actionCount(), 2);
  assert.equal(await page.evaluate(() => document.activeElement.id), "typed", "the focus stays");
  await visitor.until(
    (ids) =>
      ids.every((id) =>
        document.querySelector(`.found[data-key="${id}"] .reason`).textContent.includes("yours"),
      ),
    before.slice(0, 2),
  );

  await visitor.tap(...SPORTS.slice(0, 2));
  await type(visitor, "fun");
  const withTaste = await found(visitor);
  assert.ok(
    withTaste.some(({ reason }) => /up \d+ by your taste for /.test(reason)),
    JSON.stringify(withTaste.slice(0, 5)),
  );
  await page.getByRole("checkbox", { name: "Your taste counts, too" }).uncheck();
  await visitor.until(() => document.querySelector(".reason .lift") === null);
  const withoutTaste = await found(visitor);
  assert.notDeepEqual(
    withoutTaste.map(({ item }) => item),
    withTaste.map(({ item }) => item),
  );
});

test("a text is an action of its own: interest, list, undo, after a reload", async (t) => {
  const visitor = await openView(t);
  const { page } = visitor;
  await type(visitor, "sweet breakfast");
  await visitor.act(() => page.getByRole("button", { name: "Like “sweet breakfast”" }).click());
  await page.locator("#tab-interests").click();
  const [card] = await visitor.interests();
  assert.equal(card.medoid, "text:sweet breakfast");
  assert.equal(await page.textContent(".card h3"), "“sweet breakfast”");
  const picks = (await visitor.recommendations()).map(({ item }) => item);
  assert.ok(picks.includes("1F95E") || picks.includes("1F9C7"), "pancakes or a waffle");
  const likeness = Number(await page.textContent("#reach-several strong"));
  assert.ok(likeness > 0.4, `the list is compared with the text: ${likeness}`);

  await visitor.reload();
  assert.equal(await visitor.actionCount(), 1);
  await page.locator("#tab-tree").click();
  await page.locator("#tab-map").click();
  await page.waitForSelector('.map-canvas[data-state="ready"]');
  await page.locator("#tab-interests").click();
  await page.locator(".member").first().click();
  await page.getByRole("dialog").waitFor();
  await visitor.act(() => page.locator("#item-dialog .danger").click());
  assert.equal(await visitor.actionCount(), 0);
  await visitor.act(() => page.getByRole("button", { name: "Undo" }).click());
  assert.equal(await visitor.actionCount(), 1, "undo brings the text back");
});

test("undo takes a text back", async (t) => {
  const visitor = await openView(t);
  await type(visitor, "loud music");
  await visitor.act(() => visitor.page.locator(".typed-record").click());
  await visitor.act(() => visitor.page.getByRole("button", { name: "Undo" }).click());
  assert.equal(await visitor.actionCount(), 0);
});

test("unknown words and other scripts are answered in plain words", async (t) => {
  const visitor = await openView(t);
  const status = () => visitor.page.textContent("#typed-status");
  await type(visitor, "xqzqy");
  assert.match(await status(), /“xqzqy” is not a word of this catalogue/);
  await type(visitor, "schmetterling pizza");
  assert.match(await status(), /“schmetterling” is not a word .*; its letters are matched instead/);
  assert.ok((await found(visitor)).some(({ item }) => item === PIZZA));
  for (const text of ["寿司", "собака", "🍕", "!!!", "\u0000\u{1F468}\u200D"]) {
    await type(visitor, text);
    assert.deepEqual(await found(visitor), [], text);
    assert.match(await status(), /^Nothing found: /, text);
    assert.ok(await visitor.page.locator(".typed-record").isHidden(), text);
  }
  await type(visitor, "PÍZZA");
  assert.equal((await found(visitor))[0].item, PIZZA, "case and accents do not count");
  await type(visitor, `pizza ${"very ".repeat(60)}`.slice(0, 160));
  assert.ok(
    (await found(visitor)).some(({ item }) => item === PIZZA),
    "a long text",
  );
});

test("an encoder that cannot be loaded is reported, and loaded by the next try", async (t) => {
  let isBlocked = true;
  const visitor = await openView(t, {
    expected: /Failed to load resource|NetworkError|net::ERR|Cross-Origin|CORS/,
    prepare: (context) =>
      context.route(ENCODER, (route) => (isBlocked ? route.abort() : route.continue())),
  });
  await visitor.until(() =>
    document.getElementById("typed-status").textContent.includes("could not be loaded"),
  );
  assert.match(await visitor.page.textContent("#notices"), /\S/);
  isBlocked = false;
  await type(visitor, "pizza");
  assert.equal((await found(visitor))[0].item, PIZZA);
});

test("the words of WordNet", async (t) => {
  const visitor = await openView(t);
  await visitor.page.locator("#catalogue").selectOption("words");
  await openedAgain(visitor, "otter");
  await type(visitor, "otter");
  const [first] = await found(visitor);
  assert.deepEqual(first, { item: "otter", reason: "name: otter", isActive: true });
  await type(visitor, "bird of prey");
  const birds = (await found(visitor)).map(({ item }) => item);
  assert.ok(birds.includes("eagle") && birds.includes("hawk"), birds.join());
});

test("a catalogue without an encoder is searched by names", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  const rows = ["green tea", "black tea", "apple pie", "pear"].map((label, index) =>
    JSON.stringify({ id: `i${index}`, vector: [index === 2, index === 3, 1].map(Number), label }),
  );
  await page.locator("#catalogue-file").setInputFiles({
    name: "own.jsonl",
    mimeType: "text/plain",
    buffer: Buffer.from(rows.join("\n")),
  });
  await openedAgain(visitor, "a word of a label");
  await page.getByRole("button", { name: "Type what you like" }).click();
  await visitor.until(() => document.activeElement.id === "typed");
  await type(visitor, "tea");
  assert.deepEqual((await found(visitor)).map(({ item }) => item).sort(), ["i0", "i1"]);
  assert.ok(await page.locator(".typed-record").isHidden(), "a text has no vector here");
  await type(visitor, "");
  assert.match(await page.textContent("#typed-status"), /has names only/);
});

test("on a phone, dark: no axe violation with and without results", async (t) => {
  const visitor = await openView(t, PHONE);
  await type(visitor, "");
  await assertAccessible(visitor.page, "empty");
  await type(visitor, "loud music");
  await assertAccessible(visitor.page, "found");
  await visitor.act(() => visitor.page.keyboard.press("Enter"));
  await type(visitor, "xqzqy");
  await assertAccessible(visitor.page, "unknown word, with a taste");
});

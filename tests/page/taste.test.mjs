// The main job on the page: tap, see the interests, see what follows from them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ANIMALS, FOODS, openBrowser, SPORTS, visit } from "./visit.mjs";

openBrowser();

test("an empty taste invites to tap", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  assert.ok(await page.getByText("Tap a few things you like.", { exact: true }).isVisible());
  assert.equal(await page.locator("#picks").isVisible(), false);
  assert.equal(await page.locator("#map").isVisible(), false);
  assert.ok(await page.locator("#undo").isDisabled());
  assert.ok((await page.locator(".thing").count()) > 1800, "the wall holds the catalogue");
});

test("things of three kinds become three interests, each with a medoid of its kind, and survive a reload", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...ANIMALS, ...SPORTS, ...FOODS);
  const interests = await visitor.interests();
  assert.equal(interests.length, 3);
  for (const kind of [ANIMALS, SPORTS, FOODS]) {
    const interest = interests.find(({ medoid }) => kind.includes(medoid));
    assert.ok(interest, `one of ${kind} is a medoid`);
    assert.deepEqual([...interest.members].sort(), [...kind].sort());
    assert.equal(interest.share, 33);
  }
  await visitor.reload();
  assert.equal(await visitor.actions(), 12);
  assert.deepEqual(
    new Set((await visitor.interests()).map(({ medoid }) => medoid)),
    new Set(interests.map(({ medoid }) => medoid)),
  );
});

test("recommendations say why, and never repeat what was tapped", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...ANIMALS, ...SPORTS, ...FOODS);
  const labels = new Map();
  for (const { medoid } of await visitor.interests())
    labels.set(medoid, await visitor.thing(medoid).getAttribute("title"));
  const picks = await visitor.picks();
  assert.equal(picks.length, 12);
  for (const { item, because } of picks) {
    assert.ok(![...ANIMALS, ...SPORTS, ...FOODS].includes(item), `${item} is new`);
    assert.match(because, /^because of .+/);
    assert.ok(
      [...labels.values()].some((label) => because.includes(label)),
      `"${because}" names a medoid`,
    );
    assert.match(because, / near .+/, "and the user's own items");
  }
  for (const label of labels.values()) {
    assert.ok(
      picks.some(({ because }) => because.includes(` ${label}`)),
      `something because of ${label}`,
    );
  }
});

test("tapping a recommendation acts on it", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...FOODS);
  const [{ item }] = await visitor.picks();
  await visitor.after(() => visitor.page.locator(".pick .take").first().click());
  assert.equal(await visitor.actions(), 5);
  assert.ok((await visitor.interests()).some(({ members }) => members.includes(item)));
  assert.ok(!(await visitor.picks()).some((pick) => pick.item === item));
});

test("the example shows three interests at once", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.after(() => visitor.page.getByRole("button", { name: "Try an example" }).click());
  assert.equal(await visitor.actions(), 12);
  const interests = await visitor.interests();
  assert.equal(interests.length, 3);
  assert.ok(FOODS.includes(interests[0].medoid), "the newest is the most important");
  assert.match(
    await visitor.page.locator(".last").last().textContent(),
    /last active (last week|7 days ago)/,
  );
});

test("a saved thing counts three times", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F355");
  await visitor.after(async () => {
    await visitor.thing("26BD").focus();
    await visitor.page.keyboard.press("s");
  });
  const interests = await visitor.interests();
  assert.deepEqual(
    interests.map(({ medoid, share }) => [medoid, share]),
    [
      ["26BD", 75],
      ["1F355", 25],
    ],
  );
});

test("the tray offers to save what was tapped", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F355", "26BD");
  await visitor.after(() =>
    visitor.page.getByRole("button", { name: /^Save soccer ball/ }).click(),
  );
  assert.deepEqual(
    (await visitor.interests()).map(({ medoid, share }) => [medoid, share]),
    [
      ["26BD", 80],
      ["1F355", 20],
    ],
  );
});

test("what the user has liked is marked on the wall, in the colour of its interest", async (t) => {
  const visitor = await (await visit(t)).ready();
  const hueOf = (id) => visitor.thing(id).getAttribute("data-hue");
  await visitor.tap(...FOODS, ...SPORTS, ...ANIMALS);
  const hues = new Map();
  for (const { medoid, members } of await visitor.interests()) {
    hues.set(medoid, await hueOf(medoid));
    for (const member of members) assert.equal(await hueOf(member), hues.get(medoid));
  }
  assert.equal(new Set(hues.values()).size, 3, "each interest has a colour of its own");
  assert.equal(await visitor.thing("1F355").getAttribute("aria-label"), "pizza, one of yours");
  assert.equal(await hueOf("1F697"), null);

  // A fourth interest, and another order of importance, leave the colours of the others alone.
  await visitor.tap("1F697", "1F697", "1F697", "1F697", "1F697", "1F697");
  const now = await visitor.interests();
  assert.equal(now[0].medoid, "1F697");
  for (const { medoid } of now)
    if (hues.has(medoid)) assert.equal(await hueOf(medoid), hues.get(medoid));
  assert.ok(![...hues.values()].includes(await hueOf("1F697")));
});

test("the map shows every item, and the medoids large", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...ANIMALS, ...SPORTS);
  const map = visitor.page.getByRole("img", { name: /^A map of 2 interests: / });
  assert.equal(await map.locator("text").count(), 8);
  assert.equal(await map.locator("text.medoid").count(), 2);
});

test("every update is timed, and told to assistive technology", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F355");
  assert.match(await visitor.page.textContent("#pace"), /^Last update \d+(\.\d)? ms$/);
  await visitor.until(
    () =>
      document.getElementById("announcer").textContent === "Tapped pizza. 1 interest: pizza 100%.",
  );
});

test("search and category narrow the wall down", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  const shown = () =>
    page.$$eval(".shelf:not([hidden]) .thing:not([hidden])", (things) =>
      things.map((thing) => thing.value),
    );
  await page.getByRole("searchbox").fill("breakfast");
  assert.ok((await shown()).includes("1F95E"), "pancakes have the tag breakfast");
  assert.ok((await shown()).length < 40);
  await page.getByRole("searchbox").fill("zzzz");
  assert.ok(await page.getByText("Nothing here is called “zzzz”").isVisible());
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: "Food and drink" }).click();
  const foods = await shown();
  assert.ok(foods.includes("1F355") && !foods.includes("1F436"));
  assert.equal(await page.textContent("#wall-count"), `${foods.length} things`);
});

test("many taps in a burst are all counted", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.page.$$eval(".thing", (things) =>
    things.slice(0, 150).forEach((thing) => thing.click()),
  );
  await visitor.until(() =>
    /in 150 actions/.test(document.getElementById("interests-note").textContent),
  );
  await visitor.reload();
  assert.equal(await visitor.actions(), 150);
});

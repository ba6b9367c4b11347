// The main flow: tap items, see interests and recommendations.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ANIMALS, FLOWERS, FOODS, openBrowser, SPORTS, visit } from "./visitor.mjs";

openBrowser();

test("an empty profile shows the empty state only", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  assert.ok(await page.getByText("One average cannot hold a taste.").isVisible());
  assert.equal(await page.locator("#recommendations").isVisible(), false);
  assert.equal(await page.locator("#view-tabs").isVisible(), false);
  assert.ok(await page.locator("#undo").isDisabled());
  assert.ok((await page.locator(".item").count()) > 1800, "the wall has the whole catalogue");
});

test("three kinds of items give three interests, which survive a reload", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...ANIMALS, ...SPORTS, ...FOODS);
  const interests = await visitor.interests();
  assert.equal(interests.length, 3);
  for (const kind of [ANIMALS, SPORTS, FOODS]) {
    const interest = interests.find(({ medoid }) => kind.includes(medoid));
    assert.ok(interest, `a medoid among ${kind}`);
    assert.deepEqual([...interest.members].sort(), [...kind].sort());
    assert.equal(interest.share, 33);
  }
  await visitor.reload();
  assert.equal(await visitor.actionCount(), 12);
  assert.deepEqual(
    new Set((await visitor.interests()).map(({ medoid }) => medoid)),
    new Set(interests.map(({ medoid }) => medoid)),
  );
});

test("recommendations have a reason and exclude tapped items", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...ANIMALS, ...SPORTS, ...FOODS);
  const labels = new Map();
  for (const { medoid } of await visitor.interests())
    labels.set(medoid, await visitor.item(medoid).getAttribute("title"));
  const recommendations = await visitor.recommendations();
  assert.equal(recommendations.length, 12);
  for (const { item, because } of recommendations) {
    assert.ok(![...ANIMALS, ...SPORTS, ...FOODS].includes(item), `${item} is new`);
    assert.match(because, /^because of .+/);
    assert.ok(
      [...labels.values()].some((label) => because.includes(label)),
      `"${because}" names the medoid of an interest`,
    );
    assert.match(because, / near .+/, "and the user's nearest items");
  }
  for (const label of labels.values()) {
    assert.ok(
      recommendations.some(({ because }) => because.includes(` ${label}`)),
      `a recommendation because of ${label}`,
    );
  }
});

test("tapping a recommendation records an action and replaces it", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...FOODS);
  const [{ item }] = await visitor.recommendations();
  await visitor.act(() =>
    visitor.page.locator("#list-several .recommendation-button").first().click(),
  );
  assert.equal(await visitor.actionCount(), 5);
  assert.ok((await visitor.interests()).some(({ members }) => members.includes(item)));
  assert.ok(!(await visitor.recommendations()).some((other) => other.item === item));
});

test("the example gives four interests with names, the newest first", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.act(() => visitor.page.getByRole("button", { name: "Try an example" }).click());
  assert.equal(await visitor.actionCount(), 12);
  const interests = await visitor.interests();
  assert.equal(interests.length, 4);
  assert.ok(FLOWERS.includes(interests[0].medoid), "the newest actions weigh most");
  assert.match(await visitor.page.locator(".last-active").last().textContent(), /6 days ago/);
  await visitor.until(() =>
    document.querySelector(".interest-name").textContent.includes("flower"),
  );
});

test("both lists come from the same actions: one average is less like them", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.act(() => page.getByRole("button", { name: "Try an example" }).click());
  const likeness = async (list) =>
    Number((await page.textContent(`#reach-${list}`)).match(/(\d\.\d+) like/)[1]);
  assert.ok((await likeness("several")) > (await likeness("average")) + 0.05);
  assert.match(await page.textContent("#reach-several"), /reaches 4 of 4 interests/);
  assert.equal(await page.locator("#list-average .recommendation").count(), 12);

  const isShown = (list) => page.locator(`#list-${list}`).isVisible();
  await page.getByRole("button", { name: "One average" }).click();
  assert.deepEqual([await isShown("several"), await isShown("average")], [false, true]);
  await page.getByRole("button", { name: "Several interests" }).click();
  assert.deepEqual([await isShown("several"), await isShown("average")], [true, false]);
  await visitor.reload();
  assert.deepEqual([await isShown("several"), await isShown("average")], [true, false]);
});

test("no pick is a near-duplicate of another", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F680", "1F6F0", "1FA90");
  const names = await visitor.page.$$eval("#list-several .name", (names) =>
    names.map((name) => name.textContent),
  );
  assert.equal(names.length, 12);
  assert.ok(names.filter((name) => /astronaut/.test(name)).length <= 1, names.join(", "));
});

test("a saved item counts three times", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F355");
  await visitor.act(async () => {
    await visitor.item("26BD").focus();
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

test("the tray can save the last tapped item", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F355", "26BD");
  await visitor.act(() => visitor.page.getByRole("button", { name: /^Save soccer ball/ }).click());
  assert.deepEqual(
    (await visitor.interests()).map(({ medoid, share }) => [medoid, share]),
    [
      ["26BD", 80],
      ["1F355", 20],
    ],
  );
});

test("the user's items have the colour of their interest on the wall", async (t) => {
  const visitor = await (await visit(t)).ready();
  const hueOf = (id) => visitor.item(id).getAttribute("data-hue");
  await visitor.tap(...FOODS, ...SPORTS, ...ANIMALS);
  const hues = new Map();
  for (const { medoid, members } of await visitor.interests()) {
    hues.set(medoid, await hueOf(medoid));
    for (const member of members) assert.equal(await hueOf(member), hues.get(medoid));
  }
  assert.equal(new Set(hues.values()).size, 3, "each interest has its own colour");
  assert.equal(await visitor.item("1F355").getAttribute("aria-label"), "pizza, one of yours");
  assert.equal(await hueOf("1F3B8"), null);

  // A fourth interest and a new order of importance do not change the colours of the others.
  await visitor.tap("1F3B8", "1F3B8", "1F3B8", "1F3B8", "1F3B8", "1F3B8");
  const now = await visitor.interests();
  assert.equal(now.length, 4);
  assert.equal(now[0].medoid, "1F3B8");
  for (const { medoid } of now)
    if (hues.has(medoid)) assert.equal(await hueOf(medoid), hues.get(medoid));
  assert.ok(![...hues.values()].includes(await hueOf("1F3B8")));
});

test("every update shows its latency and is announced to assistive technology", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F355");
  assert.match(await visitor.page.textContent("#latency"), /^Last update \d+(\.\d)? ms$/);
  await visitor.until(
    () =>
      document.getElementById("announcer").textContent === "Tapped pizza. 1 interest: pizza 100%.",
  );
});

test("the groups of the wall have their height before they are laid out", async (t) => {
  const { page } = await (await visit(t)).ready();
  const heights = () =>
    page.$$eval(".item-group", (groups) =>
      groups.map((group) => group.getBoundingClientRect().height),
    );
  for (const width of [1280, 820, 390]) {
    await page.setViewportSize({ width, height: 800 });
    const expected = async () => {
      const style = await page.addStyleTag({
        content: ".item-group { content-visibility: visible !important }",
      });
      const laidOut = await heights();
      await style.evaluate((element) => element.remove());
      return laidOut;
    };
    const laidOut = await expected();
    assert.ok(laidOut.length > 5);
    // The sizes follow the width in the next frame.
    let differences;
    for (let tries = 0; tries < 50; tries += 1) {
      const found = await heights();
      differences = found.map((height, group) => Math.abs(height - laidOut[group]));
      if (differences.every((difference) => difference < 1)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(
      differences.every((difference) => difference < 1),
      `${width} px: ${differences}`,
    );
  }
});

test("search and category filter the wall", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  const shown = () =>
    page.$$eval(".item-group:not([hidden]) .item:not([hidden])", (items) =>
      items.map((item) => item.value),
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

test("150 taps in a row are all counted", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.page.$$eval(".item", (items) => {
    for (const item of items.slice(0, 150)) item.click();
  });
  await visitor.until(() =>
    /in 150 actions/.test(document.getElementById("interests-note").textContent),
  );
  await visitor.reload();
  assert.equal(await visitor.actionCount(), 150);
});

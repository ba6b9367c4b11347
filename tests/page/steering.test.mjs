// What a user changes without taps: dials, weights of interests, dislikes, the view of the past.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FLOWERS, openBrowser, visit } from "./visitor.mjs";

openBrowser();

test("a dial changes the list and the address, and survives a reload", async (t) => {
  const visitor = await withExample(t);
  const { page } = visitor;
  const before = (await visitor.recommendations()).map(({ item }) => item);
  await page.getByRole("tab", { name: "Dials" }).click();
  const diversity = page.getByRole("slider", { name: "Diversity" });
  await diversity.focus();
  await page.keyboard.press("End");
  await visitor.until(
    (before) =>
      [...document.querySelectorAll("#list-several .recommendation")]
        .map((entry) => entry.dataset.key)
        .join() !== before,
    before.join(),
  );
  assert.match(page.url(), /#view=dials&diversity=1$/);
  assert.ok(await page.getByRole("slider", { name: "Popularity" }).isDisabled(), "no priors");
  await visitor.reload();
  assert.equal(await diversity.inputValue(), "1");
  await page.getByRole("button", { name: "Reset all" }).click();
  await visitor.until(() => !location.hash.includes("diversity"));
  await visitor.until(
    (before) =>
      [...document.querySelectorAll("#list-several .recommendation")]
        .map((entry) => entry.dataset.key)
        .join() === before,
    before.join(),
  );
});

test("a short half-life gives the newest interest more weight", async (t) => {
  const visitor = await withExample(t);
  const { page } = visitor;
  const [{ share: before }] = await visitor.interests();
  await page.getByRole("tab", { name: "Dials" }).click();
  await page.getByRole("slider", { name: "Half-life" }).focus();
  await page.keyboard.press("Home");
  await visitor.until(() => location.hash.includes("halfLifeDays=1"));
  await page.getByRole("tab", { name: "Interests" }).click();
  await visitor.until(
    (before) => Number.parseInt(document.querySelector(".share").textContent, 10) > before + 20,
    before,
  );
});

test("a muted interest gets no recommendations, until it is ended or undone", async (t) => {
  const visitor = await withExample(t);
  const { page } = visitor;
  const countOf = async (label) =>
    (await visitor.recommendations()).filter(({ because }) => because.includes(label)).length;
  const card = page.locator(".card").first();
  const label = await card.locator("h3").textContent();
  assert.ok((await countOf(label)) > 0);
  await card.getByRole("button", { name: "Mute" }).click();
  await page.waitForSelector('.steer[aria-pressed="true"]');
  assert.equal(await countOf(label), 0);
  await page.getByRole("tab", { name: "Dials" }).click();
  await page.getByRole("button", { name: `${label} muted: end this mark` }).click();
  await visitor.until(
    (label) => document.querySelector("#list-several").textContent.includes(label),
    label,
  );
});

test("a disliked recommendation goes, is listed among the dials, and can come back", async (t) => {
  const visitor = await withExample(t);
  const { page } = visitor;
  await page.getByRole("button", { name: "Several interests" }).click();
  const [{ item }] = await visitor.recommendations();
  const entry = page.locator(`#list-several .recommendation[data-key="${item}"]`);
  const name = await entry.locator(".name").textContent();
  await entry.getByRole("button", { name: `Less like ${name}` }).click();
  await entry.waitFor({ state: "detached" });
  await page.getByRole("tab", { name: "Dials" }).click();
  await page.getByRole("button", { name: `${name}: end this mark` }).click();
  await entry.waitFor();
});

test("the timeline shows the interests of any time", async (t) => {
  const visitor = await withExample(t);
  const { page } = visitor;
  await page.getByRole("tab", { name: "Timeline" }).click();
  const slider = page.getByRole("slider", { name: "Time" });
  await page.locator(".moment").first().waitFor();
  assert.equal(await page.locator(".moment").count(), 12);
  assert.match(await page.textContent(".timeline-caption"), /after 12 actions/);
  await slider.focus();
  await page.keyboard.press("Home");
  assert.match(await page.textContent(".timeline-caption"), /6 days ago, after 1 action$/);
  assert.equal(await page.locator(".timeline-interests li").count(), 1);
});

test("the tabs are moved with the arrow keys, and the view is in the address", async (t) => {
  const visitor = await withExample(t);
  const { page } = visitor;
  await page.getByRole("tab", { name: "Interests" }).focus();
  await page.keyboard.press("End");
  assert.equal(await page.evaluate(() => document.activeElement.id), "tab-dials");
  assert.ok(await page.getByRole("tabpanel", { name: "Dials" }).isVisible());
  await page.keyboard.press("ArrowRight");
  assert.ok(await page.getByRole("tabpanel", { name: "Interests" }).isVisible());
  assert.doesNotMatch(page.url(), /#/, "the address has no defaults");
  await page.keyboard.press("ArrowLeft");
  await visitor.reload();
  assert.ok(await page.getByRole("tabpanel", { name: "Dials" }).isVisible());
});

test("the tour has five steps, ends with Escape, and gives the focus back", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await page.getByRole("button", { name: "Tour" }).focus();
  await page.keyboard.press("Enter");
  const tour = page.locator("#tour");
  for (let step = 1; step <= 5; step += 1) {
    assert.match(await tour.textContent(), new RegExp(`Step ${step} of 5`));
    const [box, size] = [await tour.boundingBox(), page.viewportSize()];
    assert.ok(box.x >= 0 && box.y >= 0, "the tour is inside the window");
    assert.ok(box.x + box.width <= size.width && box.y + box.height <= size.height);
    if (step < 5) await page.keyboard.press("Enter");
  }
  await visitor.until(() => /12 action/.test(document.body.textContent));
  await page.keyboard.press("Escape");
  assert.equal(await tour.isVisible(), false);
  assert.equal(await page.evaluate(() => document.activeElement.id), "tour-start");
});

/** A visitor for whom the actions of the example are recorded. */
async function withExample(t) {
  const visitor = await (await visit(t)).ready();
  await visitor.act(() => visitor.page.getByRole("button", { name: "Try an example" }).click());
  assert.ok(FLOWERS.includes((await visitor.interests())[0].medoid));
  return visitor;
}

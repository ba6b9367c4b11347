// The taste is the user's own: take back, hide, forget, carry away.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ANIMALS, FOODS, openBrowser, SPORTS, visit } from "./visit.mjs";

openBrowser();

test("undo takes back the last action, one after the other", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F355", "26BD");
  const undo = visitor.page.getByRole("button", { name: "Undo" });
  await visitor.after(() => undo.click());
  assert.deepEqual(
    (await visitor.interests()).map(({ medoid }) => medoid),
    ["1F355"],
  );
  await visitor.after(() => undo.click());
  assert.equal(await visitor.actions(), 0);
  assert.ok(await undo.isDisabled());
  await visitor.reload();
  assert.equal(await visitor.actions(), 0, "what was undone is not stored");
});

test("one item can be forgotten, and undo brings it back", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS, "1F355");
  await page.locator('.members [data-key="1F355"] button').click();
  await visitor.after(() =>
    page.getByRole("dialog", { name: "pizza" }).getByRole("button", { name: "Forget it" }).click(),
  );
  assert.equal(await visitor.actions(), 3, "both actions on it are gone");
  await visitor.after(() => page.getByRole("button", { name: "Undo" }).click());
  assert.equal(await visitor.actions(), 5);
});

test("a hidden recommendation stays hidden; undo shows it again", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS);
  const [{ item }] = await visitor.picks();
  const gone = (item) => !document.querySelector(`.pick[data-key="${item}"]`);
  await page.locator(`.pick[data-key="${item}"] .hide`).click();
  await visitor.until(gone, item);
  assert.equal((await visitor.picks()).length, 12, "another takes its place");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForSelector(`.pick[data-key="${item}"]`);
  await page.locator(`.pick[data-key="${item}"] .hide`).click();
  await visitor.until(gone, item);
  await visitor.reload();
  assert.ok(!(await visitor.picks()).some((pick) => pick.item === item));
});

test("everything can be forgotten, after a question, for good", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS);
  const question = page.getByRole("dialog", { name: "Forget everything?" });
  await page.getByRole("button", { name: "Forget everything" }).click();
  assert.match(await question.textContent(), /4 actions/);
  await question.getByRole("button", { name: "Keep it" }).click();
  assert.equal(await visitor.actions(), 4);
  await page.getByRole("button", { name: "Forget everything" }).click();
  await page.keyboard.press("Escape");
  assert.equal(await visitor.actions(), 4, "Escape keeps it");

  await page.getByRole("button", { name: "Forget everything" }).click();
  await visitor.after(() => question.getByRole("button", { name: "Forget everything" }).click());
  assert.equal(await visitor.actions(), 0);
  assert.ok(await page.locator("#undo").isDisabled(), "there is no way back");
  assert.ok(await page.locator("#invitation").isVisible());
  await visitor.reload();
  assert.equal(await visitor.actions(), 0);
});

test("an exported taste can be imported by another browser", async (t) => {
  const one = await (await visit(t)).ready();
  await one.tap(...ANIMALS, ...SPORTS);
  const [download] = await Promise.all([
    one.page.waitForEvent("download"),
    one.page.getByRole("button", { name: "Export" }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^taste-\d{4}-\d\d-\d\d\.pocketsage$/);
  const bytes = await readFile(await download.path());

  const other = await (await visit(t)).ready();
  await other.tap("1F355");
  const file = { name: "taste.pocketsage", mimeType: "application/octet-stream" };
  const give = (buffer) => other.page.locator("#import-file").setInputFiles({ ...file, buffer });
  await other.after(() => give(bytes));
  assert.equal(await other.actions(), 9);
  const members = (await other.interests()).flatMap((interest) => interest.members);
  assert.deepEqual(members.sort(), [...ANIMALS, ...SPORTS, "1F355"].sort());
  await other.after(() => other.page.getByRole("button", { name: "Undo" }).click());
  assert.deepEqual(
    (await other.interests()).map(({ medoid }) => medoid),
    ["1F355"],
    "undo takes the import back",
  );

  await give(bytes.subarray(0, bytes.length - 5));
  const notice = other.page.getByRole("alert");
  assert.match(await notice.textContent(), /not a taste that can be read.*Nothing was changed/s);
  assert.equal(await other.actions(), 1);
  await notice.getByRole("button", { name: "Dismiss" }).click();
  assert.equal(await notice.count(), 0);
});

test("a thing tells why it fits", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS, ...SPORTS);
  await visitor.thing("1F35F").click({ button: "right" });
  const sheet = page.getByRole("dialog", { name: "french fries" });
  assert.match(await sheet.textContent(), /is the nearest/);
  assert.equal(
    await sheet.locator(".nearest li").first().locator("span:nth-child(2)").textContent(),
    "hamburger",
  );
  await sheet.getByRole("button", { name: "Close" }).click();
  assert.equal(await visitor.actions(), 8, "looking is not acting");
});

// Control over the stored data: undo, hide, forget, export and import, and the item dialog.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ANIMALS, FOODS, openBrowser, SPORTS, visit } from "./visitor.mjs";

openBrowser();

test("undo reverts one action at a time, newest first", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F355", "26BD");
  const undo = visitor.page.getByRole("button", { name: "Undo" });
  await visitor.act(() => undo.click());
  assert.deepEqual(
    (await visitor.interests()).map(({ medoid }) => medoid),
    ["1F355"],
  );
  await visitor.act(() => undo.click());
  assert.equal(await visitor.actionCount(), 0);
  assert.ok(await undo.isDisabled());
  await visitor.reload();
  assert.equal(await visitor.actionCount(), 0, "an undone action is not stored");
});

test("an item can be forgotten, and undo restores it", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS, "1F355");
  await page.locator('.members [data-key="1F355"] button').click();
  await visitor.act(() =>
    page.getByRole("dialog", { name: "pizza" }).getByRole("button", { name: "Forget it" }).click(),
  );
  assert.equal(await visitor.actionCount(), 3, "both actions on the item are deleted");
  await visitor.act(() => page.getByRole("button", { name: "Undo" }).click());
  assert.equal(await visitor.actionCount(), 5);
});

test("a hidden recommendation stays hidden; undo shows it again", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS);
  const [{ item }] = await visitor.recommendations();
  await page.getByRole("button", { name: "Several interests" }).click();
  const isHidden = (item) =>
    !document.querySelector(`#list-several .recommendation[data-key="${item}"]`);
  const hide = page.locator(`#list-several .recommendation[data-key="${item}"] .close`);
  await hide.click();
  await visitor.until(isHidden, item);
  assert.equal((await visitor.recommendations()).length, 12, "another recommendation replaces it");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForSelector(`#list-several .recommendation[data-key="${item}"]`);
  await hide.click();
  await visitor.until(isHidden, item);
  await visitor.reload();
  assert.ok(!(await visitor.recommendations()).some((other) => other.item === item));
});

test("everything can be forgotten, after a confirmation, without undo", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS);
  const dialog = page.getByRole("dialog", { name: "Forget everything?" });
  await page.getByRole("button", { name: "Forget everything" }).click();
  assert.match(await dialog.textContent(), /4 actions/);
  await dialog.getByRole("button", { name: "Keep it" }).click();
  assert.equal(await visitor.actionCount(), 4);
  await page.getByRole("button", { name: "Forget everything" }).click();
  await page.keyboard.press("Escape");
  assert.equal(await visitor.actionCount(), 4, "Escape keeps it");

  await page.getByRole("button", { name: "Forget everything" }).click();
  await visitor.act(() => dialog.getByRole("button", { name: "Forget everything" }).click());
  assert.equal(await visitor.actionCount(), 0);
  assert.ok(await page.locator("#undo").isDisabled(), "there is nothing to undo");
  assert.ok(await page.locator("#empty-state").isVisible());
  await visitor.reload();
  assert.equal(await visitor.actionCount(), 0);
});

test("an exported profile can be imported in another browser", async (t) => {
  const source = await (await visit(t)).ready();
  await source.tap(...ANIMALS, ...SPORTS);
  const { name, bytes } = await source.download(() =>
    source.page.getByRole("button", { name: "Export" }).click(),
  );
  assert.match(name, /^taste-\d{4}-\d\d-\d\d\.pocketsage$/);

  const target = await (await visit(t)).ready();
  await target.tap("1F355");
  const file = { name: "taste.pocketsage", mimeType: "application/octet-stream" };
  const importBytes = (buffer) =>
    target.page.locator("#import-file").setInputFiles({ ...file, buffer });
  await target.act(() => importBytes(bytes));
  assert.equal(await target.actionCount(), 9);
  const members = (await target.interests()).flatMap((interest) => interest.members);
  assert.deepEqual(members.sort(), [...ANIMALS, ...SPORTS, "1F355"].sort());
  await target.act(() => target.page.getByRole("button", { name: "Undo" }).click());
  assert.deepEqual(
    (await target.interests()).map(({ medoid }) => medoid),
    ["1F355"],
    "undo reverts the import",
  );

  await importBytes(bytes.subarray(0, bytes.length - 5));
  const notice = target.page.getByRole("alert");
  assert.match(await notice.textContent(), /not a taste that can be read.*Nothing was changed/s);
  assert.equal(await target.actionCount(), 1);
  await notice.getByRole("button", { name: "Dismiss" }).click();
  assert.equal(await notice.count(), 0);
});

test("the item dialog explains the nearest interest", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS, ...SPORTS);
  await visitor.item("1F35F").click({ button: "right" });
  const dialog = page.getByRole("dialog", { name: "french fries" });
  assert.match(await dialog.textContent(), /is the nearest/);
  assert.equal(
    await dialog.locator(".nearest li").first().locator("span:nth-child(2)").textContent(),
    "hamburger",
  );
  await dialog.getByRole("button", { name: "Close" }).click();
  assert.equal(await visitor.actionCount(), 8, "opening the dialog records no action");
});

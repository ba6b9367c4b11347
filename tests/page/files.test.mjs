// Files and links of the user: own catalogues, actions, shared links, pictures; items without a
// colour emoji font.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { FOODS, openBrowser, visit } from "./visitor.mjs";

openBrowser();

/** Items of three kinds in three dimensions; the kind is the greatest component. */
const OWN_ITEMS = Array.from({ length: 30 }, (_, index) => {
  const vector = [0.1, 0.1, 0.1];
  vector[index % 3] = 1;
  vector[(index + 1) % 3] += index / 100;
  const kind = ["tea", "bike", "book"][index % 3];
  return { id: `${kind}-${index}`, vector, title: `A ${kind}, number ${index}`, category: kind };
});
const JSON_LINES = OWN_ITEMS.map((item) => JSON.stringify(item)).join("\n");
const CSV = [
  "id,title,d0,d1,d2",
  ...OWN_ITEMS.map(({ id, title, vector }) => `${id},"${title}",${vector.join(",")}`),
].join("\n");

async function openShareDialog(page) {
  await page.getByRole("button", { name: "Share" }).click();
  await page.getByRole("dialog", { name: "Share" }).waitFor();
}

for (const [name, content] of [
  ["items.jsonl", JSON_LINES],
  ["items.csv", CSV],
]) {
  test(`a catalogue of one's own: ${name}`, async (t) => {
    const visitor = await (await visit(t)).ready();
    const { page } = visitor;
    await visitor.tap("1F355");
    await openFile(visitor, name, content);
    assert.equal(await page.locator(".item").count(), 30);
    assert.equal(await page.locator("#catalogue").inputValue(), "own");
    assert.equal(await visitor.actionCount(), 0, "each catalogue has its own profile");
    await visitor.tap("tea-0", "tea-3", "bike-1", "bike-4");
    assert.equal((await visitor.interests()).length, 2);
    assert.ok((await visitor.recommendations()).every(({ item }) => /^(tea|bike)|book/.test(item)));
    await visitor.reload();
    assert.equal(await visitor.actionCount(), 4, "catalogue and profile are kept");

    await page.getByRole("combobox", { name: "Catalogue" }).selectOption("emoji");
    await page.waitForSelector('.item[value="1F355"]');
    await visitor.ready();
    assert.equal(await visitor.actionCount(), 1);
  });
}

test("a .sage file can be dropped on the page, and its example is computed", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  const bytes = await readFile(new URL("../../pkg/emoji.sage", import.meta.url));
  const reloaded = page.waitForEvent("load");
  await page.evaluate((base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], "my.sage"));
    document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer }));
  }, bytes.toString("base64"));
  await reloaded;
  await visitor.ready();
  assert.equal(await page.locator("#catalogue option:checked").textContent(), "my.sage");
  await visitor.act(() => page.getByRole("button", { name: "Try an example" }).click());
  assert.ok((await visitor.interests()).length >= 2);
});

test("a file that is no catalogue gives a notice, and changes nothing", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.page
    .locator("#catalogue-file")
    .setInputFiles(file("x.csv", "id,vector\na,1 2\nb,1"));
  const notice = visitor.page.getByRole("alert");
  await notice.waitFor();
  assert.match(await notice.textContent(), /cannot be used\. Nothing was changed/);
  await notice.getByRole("button", { name: "Dismiss this notice" }).click();
  await visitor.page.locator("#catalogue-file").setInputFiles(file("empty.sage", ""));
  await notice.waitFor();
  assert.match(await notice.textContent(), /The file is empty/);
  assert.ok((await visitor.page.locator(".item").count()) > 1800);
});

test("actions are imported from CSV and JSON lines, unknown items skipped", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  const rows = FOODS.map((item, day) => `${item},2026-01-0${day + 1}T00:00:00Z`);
  const csv = ["item,at", ...rows, "nothing,2026-01-01"].join("\n");
  await visitor.act(() => page.locator("#import-file").setInputFiles(file("log.csv", csv)));
  assert.equal(await visitor.actionCount(), 4);
  await visitor.act(() =>
    page
      .locator("#import-file")
      .setInputFiles(file("log.jsonl", '{"item": "26BD", "at": 1767225600}')),
  );
  assert.equal(await visitor.actionCount(), 5);
  await visitor.act(() => page.getByRole("button", { name: "Undo" }).click());
  await visitor.act(() => page.getByRole("button", { name: "Undo" }).click());
  assert.equal(await visitor.actionCount(), 0);
});

test("a damaged link says what is missing", async (t) => {
  const open = async (fragment) => {
    const visitor = await (await visit(t)).ready();
    await visitor.page.goto("about:blank");
    await visitor.page.goto(visitor.requests[0].url() + fragment);
    return visitor.ready();
  };
  const cut = await open("#actions=1F355~26BD*48~1F4~1F436*1e9~1F436*99999999");
  const dialog = cut.page.getByRole("dialog", { name: "Actions in this link" });
  await dialog.waitFor();
  assert.match(await dialog.textContent(), /contains 2 actions .* 3 more cannot be read/s);
  await cut.act(() => dialog.getByRole("button", { name: "Add them to mine" }).click());
  assert.equal(await cut.actionCount(), 2);

  const empty = await open("#actions=%00!!");
  await empty.page.getByRole("alert").waitFor();
  assert.match(await empty.page.textContent("#notices"), /link cannot be read.*1 action of/s);
  assert.doesNotMatch(empty.page.url(), /actions/);
});

test("a link has no actions unless the user chooses so; its receiver is asked", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS);
  await page.getByRole("tab", { name: "Timeline" }).click();
  await openShareDialog(page);
  const link = () => page.locator("#share-link").inputValue();
  assert.equal(await link(), page.url());
  assert.doesNotMatch(await link(), /1F355/);
  await page.getByRole("checkbox", { name: /Put what I tapped into the link/ }).check();
  assert.match(await link(), /1F355/);
  assert.match(await page.textContent("#share-note"), /4 actions of yours/);

  const receiver = await (await visit(t, { url: await link() })).ready();
  const dialog = receiver.page.getByRole("dialog", { name: "Actions in this link" });
  await dialog.waitFor();
  assert.doesNotMatch(await dialog.textContent(), /cannot be read/);
  assert.equal(await receiver.actionCount(), 0, "nothing is added before the answer");
  await receiver.act(() => dialog.getByRole("button", { name: "Add them to mine" }).click());
  assert.equal(await receiver.actionCount(), 4);
  assert.doesNotMatch(receiver.page.url(), /actions/);
  assert.ok(await receiver.page.getByRole("tabpanel", { name: "Timeline" }).isVisible());
});

test("the picture is saved as SVG and PNG", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  await visitor.tap(...FOODS, "26BD", "1F3BE");
  await openShareDialog(page);
  const save = async (name) => {
    const gesture = () => page.getByRole("button", { name }).click();
    return (await visitor.download(gesture)).bytes;
  };
  const svg = String(await save("Save SVG"));
  assert.match(svg, /^<svg .*One average/s);
  assert.doesNotMatch(svg, /oklch|light-dark|var\(/, "other programs can read its colours");
  const png = await save("Save PNG");
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  assert.equal(png.readUInt32BE(16), 2400);
});

/** A context draws a grey box for every text, as fonts without these characters do. */
const GREY_BOXES = `.prototype.fillText = function () {
  this.fillStyle = "rgb(128, 128, 128)";
  this.fillRect(2, 2, 10, 10);
};`;
const WORKERS = {
  "found in the worker": `OffscreenCanvasRenderingContext2D${GREY_BOXES}`,
  "found by the page, as workers have no canvas": "delete self.OffscreenCanvas;",
};

for (const [where, change] of Object.entries(WORKERS))
  test(`without a colour emoji font, items have names: ${where}`, async (t) => {
    const prepare = async (context) => {
      await context.addInitScript(`CanvasRenderingContext2D${GREY_BOXES}`);
      await context.route(/\/worker-[\w-]+\.js$/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${change}\n${await response.text()}` });
      });
    };
    const visitor = await (await visit(t, { prepare })).ready();
    const { page } = visitor;
    assert.equal(await visitor.item("1F355").textContent(), "pizza");
    await visitor.tap(...FOODS);
    assert.equal(await page.locator(".recommendation .glyph:not(.monogram)").count(), 0);
    assert.equal(
      await page.getByRole("button", { name: "Food and drink" }).textContent(),
      "Food and drink",
    );
  });

const file = (name, content) => ({ name, mimeType: "text/plain", buffer: Buffer.from(content) });

/** Chooses a file as catalogue, and waits until the page shows it. */
async function openFile(visitor, name, content) {
  const reloaded = visitor.page.waitForEvent("load");
  await visitor.page.locator("#catalogue-file").setInputFiles(file(name, content));
  await reloaded;
  await visitor.ready();
}

// The map of the catalogue, the dendrogram, and the larger catalogue.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ANIMALS, FOODS, openBrowser, SPORTS, visit } from "./visitor.mjs";

openBrowser();

async function openMap(visitor) {
  await visitor.page.getByRole("tab", { name: "Map" }).click();
  const map = visitor.page.locator('.map-canvas[data-state="ready"]');
  await map.waitFor({ timeout: 60_000 });
  return map;
}

/** Whether the canvas has pixels of a colour of the style sheet, and how many. */
const countPixels = (visitor, variable, hue) =>
  visitor.page.evaluate(
    ({ variable, hue }) => {
      const probe = document.createElement("span");
      document.querySelector(".map").append(probe);
      if (hue !== undefined) probe.dataset.hue = hue;
      probe.style.cssText = `--hue: ${hue}; color: var(${variable})`;
      const dot = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      dot.fillStyle = getComputedStyle(probe).color;
      dot.fillRect(0, 0, 1, 1);
      probe.remove();
      const [r, g, b] = dot.getImageData(0, 0, 1, 1).data;
      const canvas = document.querySelector(".map-canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4)
        if (data[i] === r && data[i + 1] === g && data[i + 2] === b) count += 1;
      return count;
    },
    { variable, hue },
  );

test("the map has every item, and the user's in the colour of their interest", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...ANIMALS, ...SPORTS);
  const map = await openMap(visitor);
  assert.match(await map.getAttribute("aria-label"), /^A map of 2 interests: /);
  assert.equal(Number(await map.getAttribute("data-marks")), 8 + 12, "items and recommendations");
  assert.ok((await countPixels(visitor, "--map-item")) > 2000, "points of other items");
  const hue = await visitor.item("1F436").getAttribute("data-hue");
  await visitor.page.getByRole("button", { name: "Show your items" }).click();
  await visitor.page.waitForTimeout(800);
  assert.ok((await countPixels(visitor, "--hue-strong", hue)) > 50, "rings of an interest");
});

test("keys select an item of the map, open it, zoom and show all", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...ANIMALS);
  const map = await openMap(visitor);
  await map.focus();
  const { keyboard } = visitor.page;
  await keyboard.press("ArrowRight");
  await visitor.until(() =>
    /yours|represents|recommended/.test(
      document.querySelector("#view-map [role=status].visually-hidden").textContent,
    ),
  );
  await keyboard.press("+");
  await keyboard.press("0");
  await keyboard.press("Enter");
  const dialog = visitor.page.locator("#item-dialog");
  await dialog.waitFor();
  assert.ok((await dialog.locator("h2").textContent()).length > 0);
});

test("a point of the map can be hovered, clicked, dragged and zoomed by the wheel", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...FOODS);
  const map = await openMap(visitor);
  await visitor.page.getByRole("button", { name: "Show your items" }).click();
  await visitor.page.waitForTimeout(800);
  const box = await map.boundingBox();
  const picture = () => map.evaluate((canvas) => canvas.toDataURL());
  const before = await picture();
  await visitor.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await visitor.page.mouse.wheel(0, -300);
  await visitor.page.waitForTimeout(700);
  const zoomed = await picture();
  assert.notEqual(zoomed, before);
  await visitor.page.mouse.down();
  await visitor.page.mouse.move(box.x + box.width / 2 - 60, box.y + box.height / 2, { steps: 4 });
  await visitor.page.mouse.up();
  await visitor.page.waitForTimeout(100);
  assert.notEqual(await picture(), zoomed);
  assert.equal(await visitor.page.locator("#item-dialog").isVisible(), false, "a drag is no click");
});

test("the cut of the tree forms interests", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...ANIMALS, ...SPORTS, ...FOODS);
  const { page } = visitor;
  await page.getByRole("tab", { name: "Tree" }).click();
  const cut = page.getByRole("slider", { name: "Number of interests" });
  await cut.waitFor();
  const chips = page.locator(".cut-interests li");
  const hasChips = (count) =>
    visitor.until(
      (count) => document.querySelectorAll(".cut-interests li").length === count,
      count,
    );
  await hasChips(3);
  assert.equal(await page.locator(".leaves li").count(), 12);
  assert.equal(await cut.getAttribute("aria-valuenow"), "3");
  assert.equal(await cut.getAttribute("aria-valuemax"), "12");
  await cut.press("ArrowRight");
  await hasChips(4);
  assert.match(await cut.getAttribute("aria-valuetext"), /^4 interests: .+/);
  await cut.press("Home");
  await hasChips(1);
  await cut.press("End");
  await hasChips(12);
  const area = await page.locator(".tree-area").boundingBox();
  await page.mouse.move(area.x + area.width - 2, area.y + 20);
  await page.mouse.down();
  await page.mouse.move(area.x + 1, area.y + 20, { steps: 6 });
  await hasChips(1);
  await page.mouse.up();
  assert.equal(await chips.locator("span").last().textContent(), "12");
});

test("the words are loaded when they are chosen, and have interests of their own", async (t) => {
  const visitor = await (await visit(t)).ready();
  const wordRequests = () =>
    visitor.requests.filter((request) => /words-.*\.sage/.test(request.url()));
  assert.equal(wordRequests().length, 0, "not with the first page");
  await visitor.page.goto(`${visitor.page.url().replace(/#.*$/, "")}?words#catalogue=words`);
  await visitor.ready();
  const buttonCount = () => visitor.page.locator(".item").count();
  const before = await buttonCount();
  assert.ok(before < 2000, `${before} buttons before the wall is scrolled`);
  assert.match(await visitor.page.textContent("#wall-count"), /^\d,\d{3} things$/);
  await visitor.page.locator(".item").last().scrollIntoViewIfNeeded();
  await visitor.until((before) => document.querySelectorAll(".item").length > before, before);
  await visitor.page.locator("#search").fill("otter");
  await visitor.until(() => document.querySelectorAll(".item").length < 20);
  await visitor.page.locator("#search").fill("");
  await visitor.act(() => visitor.page.getByRole("button", { name: "Try an example" }).click());
  const interests = await visitor.interests();
  assert.ok(interests.length >= 3, `${interests.length} interests`);
  assert.ok(
    interests.some(({ members }) => members.includes("otter") && members.includes("badger")),
  );
});

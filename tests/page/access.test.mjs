// For everyone: by keyboard, by ear, in the dark, on a phone, with less motion.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { ANIMALS, FOODS, openBrowser, SPORTS, visit } from "./visit.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = {
  "desktop, light": {},
  "desktop, dark": { colorScheme: "dark" },
  "phone, light": { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  "small phone, dark": {
    viewport: { width: 360, height: 640 },
    colorScheme: "dark",
    hasTouch: true,
    isMobile: true,
  },
  tablet: { viewport: { width: 820, height: 1100 } },
};

openBrowser();

for (const [look, options] of Object.entries(LOOKS)) {
  test(`${look}: no axe violation and nothing to scroll sideways, empty, with a taste, and in a dialog`, async (t) => {
    const visitor = await (await visit(t, { ...options, reducedMotion: "reduce" })).ready();
    await clean(visitor, "empty");
    await visitor.tap(...ANIMALS, ...SPORTS, ...FOODS);
    await visitor.page.locator("summary").click();
    await clean(visitor, "with a taste");
    await visitor.page.locator(".member").first().click();
    await visitor.page.getByRole("dialog").waitFor();
    await clean(visitor, "in a dialog");
  });
}

test("dark mode is dark", async (t) => {
  const lightness = async (colorScheme) => {
    const { page } = await (await visit(t, { colorScheme })).ready();
    const colours = await page.evaluate(() => {
      const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      return ["backgroundColor", "color"].map((property) => {
        pen.fillStyle = getComputedStyle(document.body)[property];
        pen.fillRect(0, 0, 1, 1);
        return pen.getImageData(0, 0, 1, 1).data[1];
      });
    });
    return { paper: colours[0], ink: colours[1] };
  };
  const light = await lightness("light");
  const dark = await lightness("dark");
  assert.ok(light.paper > 200 && light.ink < 60, JSON.stringify(light));
  assert.ok(dark.paper < 60 && dark.ink > 200, JSON.stringify(dark));
});

test("everything can be done by keyboard alone", async (t) => {
  const visitor = await (await visit(t)).ready();
  const { page } = visitor;
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focused = () =>
    page.evaluate(
      () =>
        document.activeElement.value ||
        document.activeElement.id ||
        document.activeElement.className,
    );
  const tabTo = async (selector) => {
    for (let tabs = 0; tabs < 60; tabs += 1) {
      if (await page.evaluate((selector) => document.activeElement.matches(selector), selector))
        return;
      await press("Tab");
    }
    assert.fail(`${selector} is not within 60 tabs; the focus is on ${await focused()}`);
  };

  // Search, then into the wall: one stop for all its things.
  await tabTo("#search");
  await page.keyboard.type("pizza");
  const found = await page.$$eval(".thing:not([hidden])", (things) =>
    things.map((thing) => thing.value),
  );
  await tabTo(".thing");
  assert.equal(await focused(), found[0]);
  for (let step = 0; step < found.indexOf("1F355"); step += 1) await press("ArrowRight");
  await visitor.after(() => press("Enter"));
  assert.equal(await focused(), "1F355", "the focus stays");
  await tabTo("#tray button");

  // The arrows move in the grid, over the borders of its groups, and the ends are ends.
  await page.getByRole("searchbox").fill("");
  await visitor.thing("1F600").focus();
  await press("ArrowRight", "ArrowRight");
  assert.equal(await focused(), "1F604");
  const columns = await page.evaluate(
    () => getComputedStyle(document.querySelector(".things")).gridTemplateColumns.split(" ").length,
  );
  await press("ArrowDown", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowLeft");
  assert.equal(await focused(), "1F600");
  await press("ArrowDown");
  const order = await page.$$eval(".thing", (things) => things.map((thing) => thing.value));
  assert.equal(await focused(), order[columns]);
  await press("End");
  assert.equal(await focused(), order.at(-1));
  await press("Home");
  const smileys = await page.$$eval(".shelf:first-child .thing", (things) => things.length);
  for (let row = 0; row < Math.ceil(smileys / columns); row += 1) await press("ArrowDown");
  assert.equal(await focused(), order[smileys], "from the last row down into the next group");
  await press("ArrowUp");
  assert.equal(await focused(), order[Math.floor((smileys - 1) / columns) * columns], "and back");
  await visitor.after(() => press("s"));

  // A member's sheet, and the focus back where it was.
  await tabTo(".member");
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  await press("Escape");
  await visitor.until(() => document.activeElement.matches(".member"));

  // A recommendation taken; the focus goes to the one that takes its place.
  await tabTo(".take");
  const taken = await page.evaluate(() => document.activeElement.closest(".pick").dataset.key);
  await visitor.after(() => press("Enter"));
  const next = await page.evaluate(
    () =>
      document.activeElement.matches(".take") &&
      document.activeElement.closest(".pick").dataset.key,
  );
  assert.ok(next && next !== taken);

  await tabTo("#forget");
  await press("Enter");
  await tabTo("#confirm button[value=forget]");
  await visitor.after(() => press("Enter"));
  assert.equal(await visitor.actions(), 0);
});

test("the first tab stop leads past the wall", async (t) => {
  const { page } = await (await visit(t)).ready();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "interests");
});

test("the focus can be seen", async (t) => {
  const { page } = await (await visit(t)).ready();
  for (const selector of ["#search", ".chip", '.thing[tabindex="0"]', "#example", "#export"]) {
    await page.locator(selector).first().focus();
    await page.keyboard.press("Shift"); // a key was used: this is a keyboard user
    const outline = await page
      .locator(selector)
      .first()
      .evaluate((element) => getComputedStyle(element).outlineStyle);
    assert.equal(outline, "solid", selector);
  }
});

test("nothing moves for those who asked for less motion", async (t) => {
  const moves = async (reducedMotion) => {
    const visitor = await (await visit(t, { reducedMotion })).ready();
    await visitor.page.evaluate(() => {
      globalThis.moved = 0;
      const { animate } = Element.prototype;
      Element.prototype.animate = function (...given) {
        globalThis.moved += 1;
        return animate.apply(this, given);
      };
      addEventListener("transitionrun", () => (globalThis.moved += 1));
    });
    await visitor.tap("1F355", "26BD");
    return visitor.page.evaluate(() => globalThis.moved);
  };
  assert.ok((await moves("no-preference")) > 0);
  assert.equal(await moves("reduce"), 0);
});

/** No violation of any axe rule, and no wider than the window. */
async function clean({ page }, when) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ["violations"] }),
  );
  assert.deepEqual(
    violations.map(
      ({ id, impact, nodes }) =>
        `${impact} ${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`,
    ),
    [],
    when,
  );
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    innerWidth,
  ]);
  assert.ok(content <= window, `${when}: ${content} px wide in a window of ${window} px`);
}

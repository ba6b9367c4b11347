// Accessibility: axe rules, keyboard, focus, colour schemes, screen sizes, reduced motion.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible } from "./axe.mjs";
import { ANIMALS, FOODS, isFirefox, openBrowser, SPORTS, visit } from "./visitor.mjs";

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
  // Reflow (WCAG 1.4.10): 1,280 px at 400 % zoom.
  "320 px": { viewport: { width: 320, height: 640 } },
};

openBrowser();

for (const [look, options] of Object.entries(LOOKS)) {
  test(`no axe violation and no horizontal scrolling: ${look}`, async (t) => {
    const visitor = await (await visit(t, { ...options, reducedMotion: "reduce" })).ready();
    await assertAccessible(visitor.page, "empty profile");
    await visitor.tap(...ANIMALS, ...SPORTS, ...FOODS);
    await visitor.page.locator("summary").click();
    await visitor.page.getByRole("button", { name: "Choose what may leave" }).click();
    await visitor.page.waitForSelector('[data-dial="ready"]');
    await assertAccessible(visitor.page, "filled profile");
    await visitor.page.locator(".member").first().click();
    await visitor.page.getByRole("dialog").waitFor();
    await assertAccessible(visitor.page, "open dialog");
  });
}

test("at 320 px no button of an interest is cut off", async (t) => {
  const visitor = await (await visit(t, { viewport: { width: 320, height: 640 } })).ready();
  await visitor.tap(...ANIMALS, ...SPORTS);
  const cut = await visitor.page.$$eval(
    ".steer",
    (buttons, width) =>
      buttons.filter((button) => button.getBoundingClientRect().right > width).length,
    320,
  );
  assert.equal(cut, 0);
});

// WebDriver BiDi cannot emulate print media.
test("a printed page shows whole lists and no wall", { skip: isFirefox }, async (t) => {
  const visitor = await (await visit(t, { colorScheme: "dark" })).ready();
  const { page } = visitor;
  await visitor.tap(...ANIMALS, ...SPORTS);
  await page.emulateMedia({ media: "print" });
  const lists = await page.$eval("#recommendations .lists", (element) => [
    element.scrollHeight,
    element.clientHeight,
    getComputedStyle(element).overflowY,
  ]);
  assert.deepEqual(lists, [lists[0], lists[0], "visible"]);
  assert.equal(await page.locator("#wall-panel").isVisible(), false);
});

test("each colour scheme has its own background and text colour", async (t) => {
  const lightness = async (colorScheme) => {
    const { page } = await (await visit(t, { colorScheme })).ready();
    const colours = await page.evaluate(() => {
      const context = document
        .createElement("canvas")
        .getContext("2d", { willReadFrequently: true });
      return ["backgroundColor", "color"].map((property) => {
        context.fillStyle = getComputedStyle(document.body)[property];
        context.fillRect(0, 0, 1, 1);
        return context.getImageData(0, 0, 1, 1).data[1];
      });
    });
    return { background: colours[0], text: colours[1] };
  };
  const light = await lightness("light");
  const dark = await lightness("dark");
  assert.ok(light.background > 200 && light.text < 60, JSON.stringify(light));
  assert.ok(dark.background < 60 && dark.text > 200, JSON.stringify(dark));
});

test("every action is possible by keyboard", async (t) => {
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
    assert.fail(`${selector} is not within 60 tab stops; the focus is on ${await focused()}`);
  };

  // Search, then the wall, which is one tab stop.
  await tabTo("#search");
  await page.keyboard.type("pizza");
  const found = await page.$$eval(".item:not([hidden])", (items) =>
    items.map((item) => item.value),
  );
  await tabTo(".item");
  assert.equal(await focused(), found[0]);
  for (let step = 0; step < found.indexOf("1F355"); step += 1) await press("ArrowRight");
  await visitor.act(() => press("Enter"));
  assert.equal(await focused(), "1F355", "the focus stays on the tapped item");
  await tabTo("#tray button");

  // Arrow keys move within a group and across groups; at both ends the focus stays.
  await page.getByRole("searchbox").fill("");
  await visitor.item("1F600").focus();
  await press("ArrowRight", "ArrowRight");
  assert.equal(await focused(), "1F604");
  const columns = await page.evaluate(
    () => getComputedStyle(document.querySelector(".items")).gridTemplateColumns.split(" ").length,
  );
  await press("ArrowDown", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowLeft");
  assert.equal(await focused(), "1F600");
  await press("ArrowDown");
  const order = await page.$$eval(".item", (items) => items.map((item) => item.value));
  assert.equal(await focused(), order[columns]);
  await press("End");
  assert.equal(await focused(), order.at(-1));
  await press("Home");
  const smileys = await page.$$eval(".item-group:first-child .item", (items) => items.length);
  for (let row = 0; row < Math.ceil(smileys / columns); row += 1) await press("ArrowDown");
  assert.equal(await focused(), order[smileys], "from the last row into the next group");
  await press("ArrowUp");
  assert.equal(
    await focused(),
    order[Math.floor((smileys - 1) / columns) * columns],
    "and back into the last row",
  );
  await visitor.act(() => press("s"));

  // The dialog of a member; closing it returns the focus to the member.
  await tabTo(".member");
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  await press("Escape");
  await visitor.until(() => document.activeElement.matches(".member"));

  // A tapped recommendation is replaced, and the focus goes to the replacement.
  await tabTo(".recommendation-button");
  const taken = await page.evaluate(
    () => document.activeElement.closest(".recommendation").dataset.key,
  );
  await visitor.act(() => press("Enter"));
  const next = await page.evaluate(
    () =>
      document.activeElement.matches(".recommendation-button") &&
      document.activeElement.closest(".recommendation").dataset.key,
  );
  assert.ok(next && next !== taken);

  await tabTo("#forget");
  await press("Enter");
  await tabTo("#forget-dialog button[value=forget]");
  await visitor.act(() => press("Enter"));
  assert.equal(await visitor.actionCount(), 0);
});

test("the first tab stop skips the wall", async (t) => {
  const { page } = await (await visit(t)).ready();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "interests");
});

test("the keyboard focus has a visible outline", async (t) => {
  const { page } = await (await visit(t)).ready();
  for (const selector of ["#search", ".chip", '.item[tabindex="0"]', "#example", "#export"]) {
    await page.locator(selector).first().focus();
    await page.keyboard.press("Shift"); // any key: Chromium outlines the focus for keyboards only
    const outline = await page
      .locator(selector)
      .first()
      .evaluate((element) => getComputedStyle(element).outlineStyle);
    assert.equal(outline, "solid", selector);
  }
});

test("no animation or transition runs with reduced motion", async (t) => {
  const countAnimations = async (reducedMotion) => {
    const visitor = await (await visit(t, { reducedMotion })).ready();
    await visitor.page.evaluate(() => {
      globalThis.animations = 0;
      const { animate } = Element.prototype;
      Element.prototype.animate = function (...args) {
        globalThis.animations += 1;
        return animate.apply(this, args);
      };
      addEventListener("transitionrun", () => {
        globalThis.animations += 1;
      });
    });
    await visitor.tap("1F355", "26BD");
    return visitor.page.evaluate(() => globalThis.animations);
  };
  assert.ok((await countAnimations("no-preference")) > 0);
  assert.equal(await countAnimations("reduce"), 0);
});

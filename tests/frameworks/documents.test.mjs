// The programs of docs/frameworks.md and docs/start/react.md: each app runs in Chromium and shows
// recommendations that follow a tap.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Catalogue } from "pocketsage";
import { blocksOf } from "../../site/snippets/extract.mjs";
import { launchChromium } from "../browser/launch.mjs";
import { serveSite } from "../browser/site.mjs";
import { bundleProgram } from "./bundle.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = await readFile(join(root, "docs/frameworks.md"), "utf8");
const blocks = Array.from(text.matchAll(/^```(\w+)\n(.*?)^```$/gms), ([, language, code]) => ({
  language,
  code,
}));
const folder = join(root, "target", "frameworks", "documents");

/** How a program of each language is mounted. */
const mounts = {
  jsx: `import { createElement } from "react";
    import { createRoot } from "react-dom/client";
    import { App } from "./App.jsx";
    createRoot(document.body.appendChild(document.createElement("main")))
      .render(createElement(App, { user: "me" }));`,
  vue: `import { createApp } from "vue";
    import App from "./App.vue";
    const target = document.body.appendChild(document.createElement("main"));
    createApp(App, { user: "me" }).mount(target);`,
  svelte: `import { mount } from "svelte";
    import App from "./App.svelte";
    mount(App, { target: document.body, props: { user: "me" } });`,
};
const names = { jsx: "react", vue: "vue", svelte: "svelte" };

let site;
let browser;
before(async () => {
  [site, browser] = await Promise.all([serveSite(), launchChromium()]);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, "sage.js"),
    blocks.find(({ code }) => code.includes("openFor")).code,
  );
});
after(async () => {
  await browser?.close();
  await site?.close();
});

for (const language of Object.keys(mounts))
  test(`the ${language} program`, { timeout: 120_000 }, async () => {
    const [{ code }] = blocks.filter((block) => block.language === language);
    await writeFile(join(folder, `App.${language}`), code);
    await writeFile(join(folder, `${language}.js`), mounts[language]);
    const bundle = await bundleProgram(names[language], join(folder, `${language}.js`));
    const page = await browser.newPage();
    page.on("pageerror", (error) => assert.fail(`uncaught in the page: ${error.stack}`));
    const emoji = await readFile(join(root, "www/public/emoji.sage"));
    await page.route("**/emoji.sage", (route) =>
      route.fulfill({ body: emoji, contentType: "application/octet-stream" }),
    );
    await page.goto(site.origin);
    await page.addScriptTag({ type: "module", content: bundle });
    const picks = page.locator("section button");
    await picks.nth(11).waitFor();
    assert.equal(await page.locator("p").textContent(), "0 interests");
    const first = await picks.first().textContent();
    assert.match(first.trim(), /^\p{Emoji}/u);
    await picks.first().click();
    await page.getByText("1 interests").waitFor();
    assert.notEqual((await picks.first().textContent()).trim(), first.trim());
    await page.close();
  });

test("own items in React: a tap, a dislike, its undo, a filter and pages", {
  timeout: 120_000,
}, async () => {
  const name = "docs/start/react.md";
  const own = join(folder, "own");
  await mkdir(join(own, "src"), { recursive: true });
  for (const { kind, value, code } of blocksOf(await readFile(join(root, name), "utf8"), name))
    if (kind === "file") await writeFile(join(own, value), code);
  // As src/main.jsx of the template of Vite.
  const main = `import { createElement, StrictMode } from "react";
    import { createRoot } from "react-dom/client";
    import App from "./App.jsx";
    createRoot(document.body.appendChild(document.createElement("div")))
      .render(createElement(StrictMode, {}, createElement(App)));`;
  await writeFile(join(own, "src", "main.js"), main);
  const items = Array.from({ length: 90 }, (_, index) => {
    const vector = [0, 1, 2].map((axis) => (index % 3 === axis ? 1 : Math.sin(index * axis) / 5));
    return [`item-${index}`, vector, { title: `Title ${index}`, price: 5 + index }];
  });
  const catalogue = await Catalogue.from(items, { dim: 3, attributes: ["price"] });
  const page = await browser.newPage();
  page.on("pageerror", (error) => assert.fail(`uncaught in the page: ${error.stack}`));
  const body = Buffer.from(catalogue.toBytes());
  const contentType = "application/octet-stream";
  await page.route("**/items.sage", (route) => route.fulfill({ body, contentType }));
  await page.goto(site.origin);
  const content = await bundleProgram("react", join(own, "src", "main.js"));
  await page.addScriptTag({ type: "module", content });
  const rows = page.locator("li");
  const button = (text) => page.getByRole("button", { name: text, exact: true });
  const titles = async () =>
    (await rows.allTextContents()).map((text) => /Title \d+/.exec(text)[0]);
  /** Waits until the list meets the condition, and returns it. */
  const listWhere = async (condition) => {
    for (let tries = 0; ; tries += 1) {
      const list = await titles();
      if (condition(list)) return list;
      assert.ok(tries < 100, `the list stays ${list}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const first = await listWhere((list) => list.length === 12);
  await button("Next").click();
  const second = await listWhere((list) => list.length === 12 && !list.includes(first[0]));
  assert.equal(new Set([...first, ...second]).size, 24, "pages are disjoint");

  await button(second[0]).click();
  await rows
    .filter({ hasText: `because of ${second[0]}` })
    .first()
    .waitFor();
  const tapped = await titles();
  assert.ok(!tapped.includes(second[0]) && (await button("Back").isDisabled()));

  await rows.first().getByText("Not interested").click();
  await listWhere((list) => !list.includes(tapped[0]));
  await button(`Undo: ${tapped[0]}`).click();
  assert.deepEqual(await listWhere((list) => list.includes(tapped[0])), tapped);

  await page.locator("input").fill("12");
  const cheap = await listWhere((list) => list.length < 12);
  assert.ok(cheap.every((title) => Number(title.slice(6)) <= 7) && cheap.length >= 7);
  assert.ok(await button("Next").isDisabled());
  await page.close();
});

// That without a framework is tested in tests/docs.
test("every program of the document is tested", () => {
  const untested = blocks.filter(
    ({ language, code }) =>
      language !== "sh" && !(language in mounts) && !/openFor|subscribe\(show\)/.test(code),
  );
  assert.deepEqual(untested, []);
});

// The programs of docs/frameworks.md: each app runs in Chromium and shows recommendations that
// follow a tap.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
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

// That without a framework is tested in tests/docs.
test("every program of the document is tested", () => {
  const untested = blocks.filter(
    ({ language, code }) =>
      language !== "sh" && !(language in mounts) && !/openFor|subscribe\(show\)/.test(code),
  );
  assert.deepEqual(untested, []);
});

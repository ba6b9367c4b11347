// Accessibility of the page as it is shown: the rules of axe, and no horizontal scrolling.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Fails on any violation of an axe rule, or if the page is wider than the window. */
export async function assertAccessible(page, state) {
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
    state,
  );
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    innerWidth,
  ]);
  assert.ok(content <= window, `${state}: ${content} px wide in a window of ${window} px`);
}

// Opens the pages of consumers in one headless Chromium.
import { launchChromium } from "../../browser/launch.mjs";
import { once } from "./workspace.mjs";

const TIMEOUT_MS = 60_000;
let opened = false;
const browser = once(() => {
  opened = true;
  return launchChromium();
});

/**
 * Opens a page and returns the ids it recommends. Throws if the page reports an error, or if the
 * console has an error or a warning or a request fails, unless `lenient`: development servers
 * complain.
 */
export async function idsOfPage(url, { lenient = false } = {}) {
  const page = await (await browser()).newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
  try {
    await page.goto(url, { waitUntil: "load", timeout: TIMEOUT_MS });
    const handle = await page
      .waitForFunction("globalThis.consumerResult", undefined, { timeout: TIMEOUT_MS })
      .catch(() => undefined);
    const { ids, error } = (await handle?.jsonValue()) ?? { error: "the page shows no result" };
    if (error) throw new Error(`${error} ${complaints.join("; ")}`);
    if (complaints.length > 0 && !lenient) throw new Error(complaints.join("; "));
    return ids;
  } finally {
    await page.close();
  }
}

/** Closes the browser, if one was opened. */
export async function closeBrowser() {
  if (opened) await (await browser()).close();
}

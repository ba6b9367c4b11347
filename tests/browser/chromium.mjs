// Headless Chromium for every suite that opens a browser.
import { chromium } from "playwright-core";
import { findChromium } from "../../scripts/lib/chromium.mjs";

/** Quiet: no background traffic, which would show up as requests of the page under test. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A new browser. Throws if no Chromium is installed; CHROMIUM_PATH overrides the search. */
export async function launchChromium() {
  const found = await findChromium();
  if (found === undefined)
    throw new Error("no Chromium found: run `npm run setup`, or set CHROMIUM_PATH to one");
  return chromium.launch({ executablePath: found.path, args: ARGS });
}

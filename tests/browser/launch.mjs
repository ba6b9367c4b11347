// Headless browsers for every suite that opens one.
import { chromium, firefox } from "playwright-core";
import { findChromium, findFirefox } from "../../scripts/lib/find-browsers.mjs";

/** Quiet: no background traffic, which would show up as requests of the page under test. */
const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A new Chromium. Throws if none is installed; CHROMIUM_PATH overrides the search. */
export async function launchChromium() {
  return chromium.launch(await chromiumOptions());
}

/**
 * A new Firefox with these preferences. Throws if none is installed; FIREFOX_PATH overrides the
 * search.
 */
export async function launchFirefox(preferences = {}) {
  return firefox.launch({ ...(await firefoxOptions()), firefoxUserPrefs: preferences });
}

/** A context of a new Chromium whose profile is in this folder; its `close` ends the browser. */
export async function launchChromiumIn(folder, options = {}) {
  return chromium.launchPersistentContext(folder, { ...(await chromiumOptions()), ...options });
}

/** A context of a new Firefox whose profile is in this folder; its `close` ends the browser. */
export async function launchFirefoxIn(folder, options = {}) {
  return firefox.launchPersistentContext(folder, { ...(await firefoxOptions()), ...options });
}

async function chromiumOptions() {
  const found = await findChromium();
  if (found === undefined)
    throw new Error("no Chromium found: run `npm run setup -- --browsers`, or set CHROMIUM_PATH");
  return { executablePath: found.path, args: CHROMIUM_ARGS };
}

async function firefoxOptions() {
  const found = await findFirefox();
  if (found === undefined)
    throw new Error("no Firefox found: run `npm run setup -- --browsers`, or set FIREFOX_PATH");
  // This channel drives an unmodified Firefox by WebDriver BiDi.
  return { executablePath: found.path, channel: "moz-firefox" };
}

// Finds the browsers of the tests: Chromium with its chromedriver, and Firefox.
import { probe } from "./run.mjs";

const chromiumCommands = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
];

/**
 * `{ path, version }` of the first Chromium that runs. CHROMIUM_PATH and CHROME_PATH come first.
 */
export async function findChromium() {
  return firstThatRuns([process.env.CHROMIUM_PATH, process.env.CHROME_PATH, ...chromiumCommands]);
}

/** `{ path, version }` of the first chromedriver that runs. CHROMEDRIVER comes first. */
export async function findChromedriver() {
  return firstThatRuns([process.env.CHROMEDRIVER, "chromedriver"]);
}

/** `{ path, version }` of the first Firefox that runs. FIREFOX_PATH comes first. */
export async function findFirefox() {
  return firstThatRuns([process.env.FIREFOX_PATH, "firefox-esr", "firefox"]);
}

async function firstThatRuns(candidates) {
  for (const candidate of candidates.filter(Boolean)) {
    const version = (await probe(candidate))?.match(/\d+(\.\d+)+/)?.[0];
    if (!version) continue;
    const path = candidate.includes("/")
      ? candidate
      : await probe("sh", ["-c", `command -v ${candidate}`]);
    if (path) return { path, version };
  }
  return undefined;
}

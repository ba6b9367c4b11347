// Finds a Chromium and its chromedriver, for wasm-pack's browser tests and for playwright-core.
import { probe } from "./run.mjs";

const commandNames = [
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
  return firstThatRuns([process.env.CHROMIUM_PATH, process.env.CHROME_PATH, ...commandNames]);
}

/** `{ path, version }` of the first chromedriver that runs. CHROMEDRIVER comes first. */
export async function findChromedriver() {
  return firstThatRuns([process.env.CHROMEDRIVER, "chromedriver"]);
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

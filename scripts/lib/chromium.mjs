// Finds a Chromium and the chromedriver of the same version: for wasm-pack's browser tests and for playwright-core.
import { ask } from "./run.mjs";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** `{ path, version }` of a Chromium that runs, or undefined. CHROMIUM_PATH and CHROME_PATH are asked first. */
export async function findChromium() {
  return first([process.env.CHROMIUM_PATH, process.env.CHROME_PATH, ...names]);
}

/** `{ path, version }` of a chromedriver, or undefined. CHROMEDRIVER is asked first. */
export async function findChromedriver() {
  return first([process.env.CHROMEDRIVER, "chromedriver"]);
}

async function first(candidates) {
  for (const candidate of candidates.filter(Boolean)) {
    const version = (await ask(candidate))?.match(/\d+(\.\d+)+/)?.[0];
    if (!version) continue;
    const path = candidate.includes("/")
      ? candidate
      : await ask("sh", ["-c", `command -v ${candidate}`]);
    if (path) return { path, version };
  }
  return undefined;
}

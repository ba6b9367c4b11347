// Lighthouse with its mobile profile, in the installed Chromium.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findChromium } from "../../scripts/lib/find-browsers.mjs";
import { installPackages } from "../../scripts/lib/npm.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";

/**
 * Resolves to `{ scores, blockingMs }`: `{ name, score }` of each category, out of 100, and the
 * total blocking time in ms. Prints the audits that fail.
 */
export async function runLighthouse(url) {
  const { folder } = await installPackages("lighthouse", import.meta.dirname);
  const { path } = await findChromium();
  const results = await mkdtemp(join(tmpdir(), "pocketsage-lighthouse-"));
  try {
    const report = join(results, "report.json");
    const flags = "--headless=new --no-sandbox --disable-gpu";
    await runOrThrow(
      process.execPath,
      [
        join(folder, "node_modules", "lighthouse", "cli", "index.js"),
        url,
        "--quiet",
        "--output=json",
        `--output-path=${report}`,
        `--chrome-flags=${flags}`,
        "--no-enable-error-reporting",
      ],
      { env: { CHROME_PATH: path }, minutes: 5 },
    );
    const { categories, audits } = JSON.parse(await readFile(report, "utf8"));
    const scores = Object.values(categories).map(({ id, score }) => ({
      name: id,
      score: Math.round((score ?? 0) * 100),
    }));
    const failed = Object.values(audits).filter(({ score }) => score !== null && score < 0.9);
    for (const { id, score, displayValue } of failed)
      console.log(`  ${id}: ${score} ${displayValue ?? ""}`);
    return { scores, blockingMs: audits["total-blocking-time"].numericValue };
  } finally {
    await rm(results, { recursive: true });
  }
}

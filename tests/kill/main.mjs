// `npm run test:kill`: kills Chromium, Firefox and workerd (kill -9) while they record, starts them
// again on the same storage, and asserts that nothing acknowledged is lost, nothing forgotten
// returns and nothing counts twice. Not part of `npm test`.
//   npm run test:kill -- --rounds 20 --only firefox
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../../scripts/build.mjs";
import { printTitle, Remedy, reportDone, runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";

const RECORDING_MS = [300, 2000];

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, only: { type: "string" } },
});
const recordingMs = () => RECORDING_MS[0] + Math.random() * (RECORDING_MS[1] - RECORDING_MS[0]);

/** The programs by name. Each function gets `{ folder, rounds, recordingMs, report, env }`. */
const programs = {
  async chromium({ env, ...options }) {
    const { launchChromiumIn } = await import("../browser/launch.mjs");
    const { killBrowser } = await import("./browsers.mjs");
    return killBrowser({ launchIn: launchChromiumIn, path: env.CHROMIUM_PATH, ...options });
  },
  async firefox({ env, ...options }) {
    const { launchFirefoxIn } = await import("../browser/launch.mjs");
    const { killBrowser } = await import("./browsers.mjs");
    return killBrowser({ launchIn: launchFirefoxIn, path: env.FIREFOX_PATH, ...options });
  },
  async workerd(options) {
    const { killWorkerd } = await import("./workerd.mjs");
    return killWorkerd(options);
  },
};

await runScript(async () => {
  const names = values.only?.split(",") ?? Object.keys(programs);
  const unknownName = names.find((name) => !(name in programs));
  if (unknownName !== undefined)
    throw new Remedy(
      `--only: unknown name "${unknownName}"; the names are ${Object.keys(programs).join(", ")}.`,
    );
  const { env } = await setup({ browsers: names.filter((name) => name !== "workerd") });
  await build();
  for (const name of names) {
    printTitle(name);
    const folder = await mkdtemp(join(tmpdir(), "pocketsage-kill-"));
    const start = Date.now();
    const report = (summary) => console.log(`  ${summary}`);
    try {
      const rounds = Number(values.rounds);
      await programs[name]({ folder, rounds, recordingMs, report, env });
      reportDone(name, "nothing acknowledged was lost", (Date.now() - start) / 1000);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  }
});

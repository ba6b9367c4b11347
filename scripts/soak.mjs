// `npm run test:soak`: memory under use. Hundreds of users of 1,000 actions x 256 components in one
// Node process, and in one isolate of workerd: sages are opened, used, dropped, closed and crashed
// at random, their profiles compared with ones computed from the start. Fails if the resident
// memory grows by more than 128 MB at any time. Not part of `npm test`.
//   npm run test:soak -- --minutes 3 --users 200 --seed 7 --only node
import { fork } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { printTable, printTitle, Remedy, reportDone, runScript } from "./lib/output.mjs";
import { MODULES_FLAG } from "./lib/run.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const MAX_GROWTH_MIB = 128;
/** Room for two wasm instances: a crashed one is garbage-collected only later. */
const MAX_WASM_MIB = 64;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    users: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});

const soaks = {
  async node(seconds) {
    printTitle("Node: one process");
    const lastMessage = await runSoak(
      "node.mjs",
      seconds,
      ({ growth, peak, wasm, users, open }) => {
        assertAtMost("growth of the resident memory", peak, MAX_GROWTH_MIB);
        assertAtMost("wasm memory", wasm < 4000 ? wasm : 0, MAX_WASM_MIB);
        return [growth, peak, wasm, users, open];
      },
    );
    printTable([
      ["MB now", "MB at most", "wasm MB", "users", "open sages"],
      ...lastMessage.rows.map((row) => row.map((value) => Math.round(value))),
    ]);
    const { counts, checked, restored, resident } = lastMessage.figures;
    printTable([Object.keys(counts), Object.values(counts)]);
    printTable([
      ["profile", "calls", "median ms", "p95 ms", "max ms"],
      ["restored from the store", restored.count, ...restored.ms],
      ["in memory", resident.count, ...resident.ms],
    ]);
    reportDone("node", `${checked} profiles equal to ones computed from the start`, seconds);
  },
  async edge(seconds) {
    printTitle("workerd: one isolate");
    const lastMessage = await runSoak(
      "edge.mjs",
      seconds,
      ({ peak, objects, perObject, calls }) => {
        const ownBytes = peak - objects * perObject;
        assertAtMost("growth of the resident memory", ownBytes, MAX_GROWTH_MIB);
        return [peak, ownBytes, objects, calls];
      },
    );
    printTable([
      ["MB at most", "without empty objects", "objects alive", "calls"],
      ...lastMessage.rows.map((row) => row.map((value) => Math.round(value))),
    ]);
    const { users, ms, perObject } = lastMessage.figures;
    printTable([
      ["full users", "MB of an empty object", "median ms", "p95 ms", "max ms"],
      [users, Math.round(perObject * 100) / 100, ...ms],
    ]);
    reportDone("edge", `${lastMessage.figures.calls} calls`, seconds);
  },
};

function assertAtMost(what, value, limit) {
  if (value > limit)
    throw new Remedy(`The ${what} is ${Math.round(value)} MB, at most ${limit} are allowed.`);
}

/**
 * Runs a file of tests/soak/. `check` returns a row of the table for each message, about one a
 * second; about ten of them are kept, and the last.
 */
async function runSoak(file, seconds, check) {
  const child = fork(
    join(root, "tests", "soak", file),
    [seconds, values.users, values.seed].map(String),
    { cwd: root, execArgv: [MODULES_FLAG] },
  );
  const keepEvery = Math.max(1, Math.round(seconds / 10));
  const rows = [];
  /** The row of the last message; undefined once it is in `rows`. */
  let lastRow;
  let figures;
  let failure;
  let messageCount = 0;
  child.on("message", (message) => {
    figures = message;
    try {
      lastRow = check(message);
      if (messageCount % keepEvery === 0) {
        rows.push(lastRow);
        lastRow = undefined;
      }
      messageCount += 1;
    } catch (error) {
      failure ??= error;
      child.kill();
    }
  });
  const code = await new Promise((resolve) => child.on("exit", resolve));
  if (failure) throw failure;
  if (code !== 0) throw new Remedy(`tests/soak/${file} failed with code ${code}; see above.`);
  if (lastRow) rows.push(lastRow);
  return { rows, figures };
}

await runScript(async () => {
  const parts = values.only ? [values.only] : ["node", "edge"];
  for (const part of parts)
    if (!(part in soaks)) throw new Remedy(`--only: expected node or edge, saw ${part}.`);
  await setup();
  await build();
  for (const part of parts) await soaks[part]((Number(values.minutes) * 60) / parts.length);
});

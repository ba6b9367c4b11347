// `npm test`: sets up, builds, runs every layer of tests and ends with a table and `N passed, N failed`.
//   npm test -- js page       only those layers
//   npm test -- --verbose     shows every layer's output as it comes, not only that of the layers that fail
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { chosen, count, layers } from "./lib/layers.mjs";
import { run } from "./lib/run.mjs";
import { begin, done, failed, Remedy, script, table, title } from "./lib/say.mjs";
import { setup } from "./setup.mjs";

await script(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { verbose: { type: "boolean", default: false } },
  });
  const all = await layers();
  const wanted = all.filter((layer) => chosen(layer, positionals));
  if (wanted.length === 0) {
    throw new Remedy(
      `No layer is called ${positionals.join(" or ")}. The layers are ${all.map((layer) => layer.name).join(", ")}.`,
    );
  }
  const chromium = await setup({ browser: wanted.some((layer) => layer.browser) });
  await build();

  title("Tests");
  const env = chromium ? { CHROMIUM_PATH: chromium.path, CHROMEDRIVER: chromium.driver } : {};
  const results = [];
  for (const layer of wanted) results.push(await runLayer(layer, env, values.verbose));
  report(results);
});

async function runLayer(layer, env, show) {
  begin(layer.name);
  if (layer.files?.length === 0) return lost(layer, "no test file in its folder", 0);
  const { code, output, seconds, timedOut } = await run(layer.command, layer.args, {
    env,
    minutes: layer.minutes,
    show,
  });
  const counted = count(output);
  const { passed, failed: bad } = counted;
  if (code === 0 && bad === 0 && passed > 0) {
    done(layer.name, `${passed} passed`, seconds);
    return { layer: layer.name, ...counted, seconds };
  }
  if (!show) console.log(output);
  if (bad > 0) {
    failed(layer.name, `${bad} of ${passed + bad} failed`, seconds);
    return { layer: layer.name, ...counted, seconds };
  }
  const why = timedOut
    ? `not over after ${layer.minutes} minutes`
    : code === 0
      ? "ran no tests"
      : `ended with code ${code}`;
  return { ...lost(layer, why, seconds), passed };
}

/** A layer that ran nothing, or broke outside a test, counts as one failure. */
function lost(layer, why, seconds) {
  failed(layer.name, why, seconds);
  return { layer: layer.name, passed: 0, failed: 1, skipped: 0, seconds };
}

function report(results) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  title("Layers");
  table([
    ["layer", "passed", "failed", "skipped", "seconds"],
    ...results.map((r) => [r.layer, r.passed, r.failed, r.skipped, r.seconds.toFixed(1)]),
  ]);
  const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
  console.log(`\n${sum("passed")} passed, ${sum("failed")} failed${skipped}`);
  if (sum("failed") > 0) process.exitCode = 1;
}

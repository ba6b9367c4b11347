// `npm run test:remote`: the adapters and the Worker against real engines, which come from Python packages and are started for the tests alone.
//   npm run test:remote -- chroma redis     only those files of tests/remote/
// Says at the end which engines were real and which are contracts. `npm test` does not need any of this.
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./build.mjs";
import { count } from "./lib/layers.mjs";
import { must, run } from "./lib/run.mjs";
import { begin, done, failed, Remedy, script, table, title } from "./lib/say.mjs";
import { venv } from "./lib/venv.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const folder = join(root, "tests", "remote");

/** What each file of tests/remote/ shows, and the environment it needs. */
const parts = {
  chroma: { engine: "Chroma 1.5.9", kind: "real server", needs: "remote-venv" },
  clients: {
    engine: "Elasticsearch, Milvus v2, Pinecone, Typesense",
    kind: "contract: the types of the official clients",
    needs: "contract-clients",
  },
  cost: { engine: "what the Worker costs", kind: "real Chroma", needs: "remote-venv" },
  edge: {
    engine: "the Worker in workerd",
    kind: "with real PostgreSQL and Chroma",
    needs: "remote-venv",
  },
  load: {
    engine: "the Worker under load",
    kind: "real Chroma, killed in the middle",
    needs: "remote-venv",
  },
  milvus: {
    engine: "Milvus 2.3.5 (REST v1)",
    kind: "real server",
    needs: "milvus-venv",
    alone: true,
  },
  pgvector: { engine: "PostgreSQL 18, pgvector 0.8", kind: "real server", needs: "remote-venv" },
  qdrant: {
    engine: "Qdrant",
    kind: "contract: the official models and in-memory engine",
    needs: "remote-venv",
  },
  redis: { engine: "Redis 8.2", kind: "real server", needs: "remote-venv" },
};

/** What the tests need, installed once under .tools/. */
const environments = {
  "contract-clients": clients,
  "milvus-venv": (name) => venv(name, join(folder, "requirements-milvus.txt")),
  "remote-venv": (name) => venv(name, join(folder, "requirements.txt")),
};

await script(async () => {
  const words = process.argv.slice(2);
  const files = (await readdir(folder))
    .filter((name) => name.endsWith(".test.mjs"))
    .map((name) => name.replace(".test.mjs", ""))
    .sort();
  const chosen = files.filter((name) => words.length === 0 || words.includes(name));
  if (chosen.length === 0)
    throw new Remedy(`No test is called ${words.join(" or ")}. There are: ${files.join(", ")}.`);
  await setup();
  await build();

  title("Engines");
  const missing = new Map();
  for (const [name, install] of Object.entries(environments)) {
    if (!chosen.some((part) => parts[part]?.needs === name)) continue;
    begin(name, "installed once");
    try {
      done(name, "ready", await install(name));
    } catch (error) {
      missing.set(name, error.message.trim().split("\n").at(-1));
      failed(name, missing.get(name));
    }
  }

  title("Tests");
  const rows = [["what", "how", "passed", "failed", "seconds"]];
  let bad = 0;
  let good = 0;
  for (const name of chosen) {
    const { engine = name, kind = "", needs } = parts[name] ?? {};
    if (missing.has(needs)) {
      rows.push([engine, `NOT RUN: ${missing.get(needs)}`, 0, 1, ""]);
      bad += 1;
      continue;
    }
    begin(name);
    const { code, output, seconds } = await run(
      ...command(parts[name]?.alone, [
        "--test",
        "--test-reporter=spec",
        "--test-timeout=120000",
        join(folder, `${name}.test.mjs`),
      ]),
      { minutes: 6 },
    );
    const counted = count(output);
    const lost = code !== 0 && counted.failed === 0 ? 1 : 0;
    if (code !== 0) console.log(output);
    else
      for (const [line] of output.matchAll(/^.*(?:p50|recall|hit rate|CPU ms|ms CPU).*$/gm))
        console.log(`        ${line.trim()}`);
    (code === 0 ? done : failed)(
      name,
      `${counted.passed} passed, ${counted.failed + lost} failed`,
      seconds,
    );
    rows.push([engine, kind, counted.passed, counted.failed + lost, seconds.toFixed(1)]);
    good += counted.passed;
    bad += counted.failed + lost;
  }
  title("What was asked, and how real it was");
  table(rows);
  console.log(
    "\n  What is asked of and read from those of which there are contracts alone, Vectorize too: `npm test -- js`.",
  );
  console.log(`\n${good} passed, ${bad} failed`);
  if (bad > 0) process.exitCode = 1;
});

/** Makes `.tools/contract-clients` hold the official clients, for their types; resolves to the seconds it took. */
async function clients(name) {
  const there = join(root, ".tools", name);
  const begun = Date.now();
  const wanted = await readFile(join(folder, "clients", "package-lock.json"), "utf8");
  if ((await readFile(join(there, "installed.json"), "utf8").catch(() => "")) === wanted) return 0;
  await cp(join(folder, "clients"), there, { recursive: true });
  await must("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: there,
    minutes: 5,
  });
  await writeFile(join(there, "installed.json"), wanted);
  return (Date.now() - begun) / 1000;
}

/** Node with these arguments; `alone`, in a network namespace where only the loopback is: for a server that cannot be told where to listen. */
function command(alone, args) {
  if (!alone) return [process.execPath, args];
  const map = process.getuid() === 0 ? [] : ["--map-root-user"];
  return [
    "unshare",
    [...map, "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', process.execPath, ...args],
  ];
}

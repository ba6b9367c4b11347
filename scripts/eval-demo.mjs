// `npm run eval:demo`: a report of `pocketsage eval` on actions that this script makes up, as the
// repository has no data of real users. 200 users act on the emoji catalogue: each has three topics
// (a random emoji and its nearest), of which the last is new in the final third of the history;
// 30 % of the actions are on popular items, whose popularity follows Zipf's law. The figures show
// that the report works, not how good recommendations are on real data.
//   npm run eval:demo -- --users 50   further arguments go to `pocketsage eval`
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./build.mjs";
import { printTitle, Remedy, reportDone, runScript } from "./lib/output.mjs";
import { seededRandom } from "./lib/random.mjs";
import { run } from "./lib/run.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const USERS = 200;
const ACTIONS_PER_USER = 40;
const TOPIC_SIZE = 25;
const POPULAR_SHARE = 0.3;
const MS_PER_HOUR = 3_600_000;
const FIRST_DAY = Date.UTC(2025, 0, 1);

const catalogueFile = join(root, "pkg", "emoji.sage");
const folder = join(root, "target", "eval-demo");

await runScript(async () => {
  await setup();
  await build();
  printTitle("Evaluation of made-up users");
  await mkdir(folder, { recursive: true });
  const actionsFile = join(folder, "actions.csv");
  await writeFile(actionsFile, await makeActions());
  const report = join(folder, "report.html");
  const { code } = await run(
    process.execPath,
    [
      join(root, "pkg", "cli", "main.js"),
      "eval",
      actionsFile,
      "--vectors",
      catalogueFile,
      "--count",
      "50",
      "--half-life",
      "30",
      "--html",
      report,
      "--markdown",
      join(folder, "report.md"),
      ...process.argv.slice(2),
    ],
    { show: true, minutes: 30 },
  );
  if (code !== 0) throw new Remedy(`pocketsage eval ended with code ${code}: see its message.`);
  reportDone("report", report);
});

/** The actions of all users as CSV: user, item, at. The same in every run. */
async function makeActions() {
  const { Catalogue } = await import("pocketsage");
  const catalogue = await Catalogue.fromBytes(new Uint8Array(await readFile(catalogueFile)));
  const ids = [...catalogue.ids()];
  const random = seededRandom(7);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const byPopularity = ids.map((id) => [random(), id]).sort(([a], [b]) => a - b);
  const pickPopular = () => byPopularity[Math.floor(ids.length ** random()) - 1][1];
  const pickTopic = () => {
    const hits = catalogue.search(catalogue.vector(pick(ids)), { count: TOPIC_SIZE });
    return hits.map(({ item }) => item);
  };
  const lines = ["user,item,at"];
  for (let user = 0; user < USERS; user += 1) {
    const topics = [pickTopic(), pickTopic(), pickTopic()];
    const seenItems = new Set();
    let time = FIRST_DAY + Math.floor(random() * 60 * 24) * MS_PER_HOUR;
    for (let position = 0; position < ACTIONS_PER_USER; position += 1) {
      const currentTopics = position < (ACTIONS_PER_USER * 2) / 3 ? topics.slice(0, 2) : topics;
      const item = random() < POPULAR_SHARE ? pickPopular() : pick(pick(currentTopics));
      time += (1 + Math.floor(random() * 48)) * MS_PER_HOUR;
      if (seenItems.has(item)) continue;
      seenItems.add(item);
      lines.push(`u${user},${item},${time}`);
    }
  }
  catalogue.close();
  return `${lines.join("\n")}\n`;
}

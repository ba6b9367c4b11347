// `npm run bench:migrate`: how much of the neighbourhood bridges between two real models keep:
// all-MiniLM-L6-v2 and multilingual-e5-small, on the definitions of the word catalogue. Needs the
// files that `node data/words/build.mjs` leaves in .tools/words/. Embeds once: about 4 minutes.
import { existsSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { pythonEnvironment } from "../../scripts/lib/python.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";

const DIM = 384;
const here = import.meta.dirname;
const workFolder = join(root, ".tools", "words");
const items = join(workFolder, "items.jsonl");
const miniLm = join(workFolder, "vectors.jsonl");
const e5 = join(workFolder, "e5.f32");

await runScript(async () => {
  if (!existsSync(miniLm)) throw new Remedy(`${miniLm} is missing: node data/words/build.mjs.`);
  if (!existsSync(e5)) {
    const options = { minutes: 10, pipOptions: ["--no-deps"] };
    const requirements = join(here, "requirements.txt");
    const { python } = await pythonEnvironment("migrate-venv", requirements, options);
    const command = [join(here, "embed.py"), items, `${e5}.part`];
    await runOrThrow(python, command, { show: true, minutes: 60 });
    await rename(`${e5}.part`, e5);
  }
  const { Catalogue } = await import("pocketsage");
  const { fitBridge } = await import("pocketsage/migrate");
  const rows = (await readFile(miniLm, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { buffer } = new Uint8Array(await readFile(e5));
  const catalogueOf = (space, vectorOf) =>
    Catalogue.from(
      rows.map((row, index) => [row.id, vectorOf(row, index)]),
      { dim: DIM, space },
    );
  const catalogues = [
    await catalogueOf("MiniLM", ({ vector }) => Float32Array.from(vector)),
    await catalogueOf("E5", (_, index) => new Float32Array(buffer, index * DIM * 4, DIM)),
  ];
  const table = [["bridge", "penalty", "score share", "retention", "recall@10", "seconds"]];
  for (const [from, to] of [catalogues, catalogues.toReversed()]) {
    const start = performance.now();
    const { report } = fitBridge(from, to, { minRetention: 0 });
    const seconds = (performance.now() - start) / 1000;
    const values = [report.scoreShare, report.retention, report.recall];
    table.push([
      `${from.space} -> ${to.space}`,
      String(report.penalty),
      ...values.map((value) => value.toFixed(3)),
      seconds.toFixed(1),
    ]);
  }
  printTitle(`Bridges of ${rows.length} items`);
  printTable(table);
});

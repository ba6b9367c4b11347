// Draws the pictures of the documents into docs/images/. `npm run docs:pictures` writes them; a
// test compares. Equal package, equal catalogue and equal tables give equal pictures.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as concepts from "./concepts.mjs";
import * as figures from "./figures.mjs";
import { threatModel } from "./privacy.mjs";

const root = new URL("../../", import.meta.url);

/** All pictures: SVG text by the name of its file. */
export async function drawPictures() {
  const tables = await readFile(new URL("docs/figures.md", root), "utf8");
  return {
    "interests.svg": concepts.interestsMap(),
    "nearest.svg": concepts.nearestLists(),
    "tree.svg": concepts.wardTree(),
    "decay.svg": await concepts.decay(),
    "mixture.svg": await concepts.mixture(),
    "threat-model.svg": threatModel(),
    "figures-ward.svg": figures.wardPlot(tables),
    "figures-catalogue.svg": figures.cataloguePlot(tables),
    "figures-journal.svg": figures.journalPlot(tables),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL("docs/images/", root);
  await mkdir(folder, { recursive: true });
  for (const [name, svg] of Object.entries(await drawPictures()))
    await writeFile(new URL(name, folder), svg);
}

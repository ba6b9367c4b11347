// A command that remembers a taste in a file, in Node.
// Run: node main.mjs pizza dog    acts on the first item with each of these words
//      node main.mjs              recommends by what it remembers
import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Catalogue, openSage } from "pocketsage";

const emoji = fileURLToPath(import.meta.resolve("pocketsage/emoji.sage"));
const catalogue = await Catalogue.fromBytes(await readFile(emoji));
const nameOf = (item) => `${catalogue.payload(item).emoji} ${catalogue.payload(item).label}`;

/** A store of one's own: three functions. */
const file = "taste.sage-log";
const store = {
  load: () =>
    readFile(file).then(
      (bytes) => new Uint8Array(bytes),
      (error) => {
        if (error.code !== "ENOENT") throw error;
      },
    ),
  save: (bytes) => writeFile(file, bytes),
  clear: () => rm(file, { force: true }),
};

const sage = await openSage({ catalogue, store });
for (const word of process.argv.slice(2)) {
  const item = [...catalogue.ids()].find((id) => catalogue.payload(id).label.includes(word));
  if (item === undefined) console.log(`no emoji is called "${word}"`);
  else await sage.record({ item });
}

for (const { medoid, importance } of (await sage.profile()).interests)
  console.log(`${(importance * 100).toFixed(0)} % ${nameOf(medoid)}`);
for (const { item, because } of await sage.recommend({ count: 10 }))
  console.log(
    `${nameOf(item)}, because of ${because.medoid ? nameOf(because.medoid) : because.from}`,
  );
await sage.close();

// Recommendations in Node: three actions give three interests and ten recommendations.
// Run: node examples/node.mjs (in this repository after npm run build)
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Catalogue, openSage } from "pocketsage";

const emoji = fileURLToPath(import.meta.resolve("pocketsage/emoji.sage"));
const catalogue = await Catalogue.fromBytes(await readFile(emoji));
const nameOf = (item) => `${catalogue.payload(item).emoji} ${catalogue.payload(item).label}`;

const sage = await openSage({ catalogue });
await sage.record([{ item: "1F355" }, { item: "26BD" }, { item: "1F436" }]); // 🍕 ⚽ 🐶

const { interests } = await sage.profile();
for (const { medoid, importance } of interests)
  console.log(`${(importance * 100).toFixed(0)} % ${nameOf(medoid)}`);
for (const { item, because } of await sage.recommend({ count: 10 }))
  console.log(
    `${nameOf(item)}, because of ${because.medoid ? nameOf(because.medoid) : because.from}`,
  );
await sage.close();

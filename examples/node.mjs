// The main job in Node: someone likes three things, and gets ten more.   node examples/node.mjs
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Catalogue, openSage } from "pocketsage";

const emoji = fileURLToPath(import.meta.resolve("pocketsage/emoji.sage"));
const catalogue = await Catalogue.fromBytes(await readFile(emoji));
const label = (item) => `${catalogue.payload(item).emoji} ${catalogue.payload(item).label}`;

const sage = await openSage({ catalogue });
await sage.record([{ item: "1F355" }, { item: "26BD" }, { item: "1F436" }]); // 🍕 ⚽ 🐶

for (const { medoid, importance } of (await sage.profile()).interests)
  console.log(`${(importance * 100).toFixed(0)} % ${label(medoid)}`);
for (const { item, because } of await sage.recommend({ count: 10 }))
  console.log(`${label(item)}, because of ${label(because.medoid)}`);

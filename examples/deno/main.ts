// Recommendations in Deno. Run: deno run --allow-read main.ts
import { Catalogue, openSage, type Recommendation } from "pocketsage";

const emoji = new URL(import.meta.resolve("pocketsage/emoji.sage"));
const catalogue = await Catalogue.fromBytes(await Deno.readFile(emoji));
const nameOf = (item: string): string => {
  const { emoji, label } = catalogue.payload(item) as { emoji: string; label: string };
  return `${emoji} ${label}`;
};

await using sage = await openSage({ catalogue }); // closed at the end of the program
await sage.record([{ item: "1F355" }, { item: "26BD" }, { item: "1F436" }]); // 🍕 ⚽ 🐶

const picks: Recommendation[] = await sage.recommend({ count: 10 });
for (const { item, because } of picks)
  console.log(
    `${nameOf(item)}, because of ${because.medoid ? nameOf(because.medoid) : because.from}`,
  );

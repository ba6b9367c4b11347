// The sage on a worker thread, so that clustering does not block the main thread. This file is both
// the main program and the worker.
// Run: node main.mjs
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker } from "node:worker_threads";
import { Catalogue, connectSage, openSage, serveSage } from "pocketsage";

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  const sage = await connectSage(worker);
  await sage.record([{ item: "1F355" }, { item: "26BD" }, { item: "1F436" }]); // 🍕 ⚽ 🐶
  for (const { item, score } of await sage.recommend({ count: 10 }))
    console.log(item, score.toFixed(3));
  await sage.close();
  await worker.terminate();
} else {
  serveSage(async () => {
    const emoji = fileURLToPath(import.meta.resolve("pocketsage/emoji.sage"));
    return openSage({ catalogue: await Catalogue.fromBytes(await readFile(emoji)) });
  });
}

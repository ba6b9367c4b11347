// `pocketsage eval` on a long log: memory is bounded by bytes an action, whatever the file has
// apart from user, item and time.
import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { seededRandom } from "../../scripts/lib/random.mjs";
import { folder, lines, pocketsage } from "./run.mjs";

const { path, put } = await folder();
const ITEMS = 500;
/** Long enough that V8 keeps a part of a longer string as a reference to it. */
const idOf = (kind, number) => `${kind}-0123456789abcdef-${number}`;
const MIB = 2 ** 20;
/** See docs/eval.md: 30 in arrays, and what the allocator and the runtime add. */
const MAX_BYTES_PER_ACTION = 45;
/** The heap of the runtime, in which a value per action would not fit. */
const MAX_HEAP_MIB = 48;

async function writeLog(name, actions, toLine) {
  const next = seededRandom(1);
  const file = join(path, name);
  await pipeline(
    Readable.from(
      (function* () {
        yield "user,item,at,note\n";
        for (let written = 0; written < actions; ) {
          const chunk = [];
          for (let end = Math.min(actions, written + 10_000); written < end; written += 1)
            chunk.push(toLine(next, written, actions));
          yield chunk.join("");
        }
      })(),
    ),
    createWriteStream(file),
  );
  return file;
}

/** The highest resident memory of `pocketsage eval`, in bytes. */
async function peakOf(log, vectors) {
  const hook = `process.on("exit",()=>console.error("peak",process.resourceUsage().maxRSS))`;
  const { code, stderr } = await pocketsage(
    [
      ...["eval", log, "--vectors", vectors, "--methods", "popularity,mean", "--no-sage"],
      ...["-n", "10", "--users", "50", "--resamples", "100", "-q"],
    ],
    {
      nodeArgs: [
        ...[`--max-old-space-size=${MAX_HEAP_MIB}`, "--max-semi-space-size=2"],
        ...["--import", `data:text/javascript,${encodeURIComponent(hook)}`],
      ],
    },
  );
  assert.equal(code, 0, stderr.slice(-500));
  return Number(/^peak (\d+)$/m.exec(stderr)[1]) * 1024;
}

const vectors = await put(
  "items.jsonl",
  lines(
    ...Array.from({ length: ITEMS }, (_, item) => ({
      id: idOf("item", item),
      vector: [Math.cos(item), Math.sin(item), Math.cos(item / 7)],
    })),
  ),
);

/** Users in random order, with times out of order. */
const shuffled = (next, _, actions) => {
  const user = Math.floor((next() * actions) / 50);
  const item = Math.floor(next() ** 2 * ITEMS);
  const at = 1_700_000_000 + Math.floor(next() * 1e7);
  return `${idOf("user", user)},${idOf("item", item)},${at},nothing to keep\n`;
};

test("the peak grows by a bounded number of bytes an action", async (t) => {
  const [few, many] = [50_000, 750_000];
  const small = await peakOf(await writeLog("few.csv", few, shuffled), vectors);
  const large = await peakOf(await writeLog("many.csv", many, shuffled), vectors);
  const perAction = (large - small) / (many - few);
  const mib = (bytes) => Math.round(bytes / MIB);
  t.diagnostic(`${perAction.toFixed(1)} bytes an action, ${mib(small)} and ${mib(large)} MiB`);
  assert.ok(perAction < MAX_BYTES_PER_ACTION, `${perAction} bytes an action`);
});

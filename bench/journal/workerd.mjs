// Measures the journal in workerd, in the rows of a Durable Object.
import { startWorker } from "../../tests/edge/worker.mjs";
import { CALLS, medianOf } from "./measure.mjs";

/**
 * For each length, medians: `{ length, bytes, milliseconds, opening }`. Times are those of a
 * request, less that of a request that does nothing.
 */
export async function measureWorkerd(lengths, openings) {
  const worker = await startWorker({
    entry: "bench/journal/worker.mjs",
    durableObjects: { JOURNALS: { className: "Journal", useSQLite: true } },
  });
  try {
    const send = async (command, length) => {
      const start = performance.now();
      const reply = await fetch(new URL(`/${command}/${length}`, worker.url));
      const text = await reply.text();
      if (!reply.ok) throw new Error(`${command}: ${reply.status} ${text}`);
      return { text, milliseconds: performance.now() - start };
    };
    for (const length of lengths) await send("fill", length);
    const times = lengths.map(() => ({ record: [], empty: [], open: [] }));
    /** Sends the command `count` times to each object, in turns. */
    const measure = async (command, count) => {
      for (let call = 0; call < count; call += 1)
        for (const [index, length] of lengths.entries())
          times[index][command].push((await send(command, length)).milliseconds);
    };
    await measure("record", CALLS);
    for (const { record } of times) record.length = 0;
    await measure("empty", CALLS);
    await measure("record", CALLS);
    await measure("empty", CALLS);
    await measure("open", openings);
    return await Promise.all(
      lengths.map(async (length, index) => {
        const { record, empty, open } = times[index];
        return {
          length,
          bytes: Number((await send("bytes", length)).text),
          milliseconds: medianOf(record) - medianOf(empty),
          opening: medianOf(open) - medianOf(empty),
        };
      }),
    );
  } finally {
    await worker.stop();
  }
}

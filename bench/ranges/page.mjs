// The part of the ranges bench that runs in Chromium.
import { openRanged } from "pocketsage/ranged";

/** Opens the file, then measures cold and warm queries. */
export async function measureRanges(url, queriesUrl, dim) {
  const values = new Float32Array(await (await fetch(queriesUrl)).arrayBuffer());
  const queries = Array.from({ length: values.length / dim }, (_, index) =>
    values.slice(index * dim, (index + 1) * dim),
  );
  const before = await memoryBytes();
  const start = performance.now();
  // Cold: nothing is kept, so every query reads all its blocks.
  const cold = await openRanged(url, { memory: 0, cache: false });
  const open = { ms: performance.now() - start, ...cold.traffic };
  const after = await memoryBytes();
  const coldQueries = [];
  for (const query of queries) {
    const { requests, bytes } = cold.traffic;
    const [hits, ms] = await timed(() => cold.search(query, { count: 10 }));
    const traffic = cold.traffic;
    coldQueries.push({
      ms,
      items: hits.map(({ item }) => item),
      requests: traffic.requests - requests,
      bytes: traffic.bytes - bytes,
    });
  }
  const resident = cold.byteLength;
  cold.close();
  // Warm: the same queries, their blocks in the Cache API; 2 MB of them in memory.
  const warm = await openRanged(url);
  for (const query of queries) await warm.search(query, { count: 10 });
  const requestsBefore = warm.traffic.requests;
  const warmTimes = [];
  for (const query of queries) {
    const [, ms] = await timed(() => warm.search(query, { count: 10 }));
    warmTimes.push(ms);
  }
  // Hot: one query again and again, its blocks in memory.
  const hotTimes = [];
  for (let round = 0; round < 50; round += 1)
    hotTimes.push((await timed(() => warm.search(queries[0], { count: 10 })))[1]);
  const { cache } = warm.traffic;
  const warmRequests = warm.traffic.requests - requestsBefore;
  const memory = { resident, withCache: warm.byteLength, before, after };
  return { open, coldQueries, warmTimes, hotTimes, warmRequests, cache, memory };
}

/** Memory of the page by the browser's own account; undefined without isolation. */
async function memoryBytes() {
  return (await performance.measureUserAgentSpecificMemory?.())?.bytes;
}

/** The result of `work`, and its milliseconds on the clock. */
async function timed(work) {
  const start = performance.now();
  const result = await work();
  return [result, performance.now() - start];
}

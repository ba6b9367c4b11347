// One measurement of the journal, in Node or in a page.

const DIM = 384;
const CALLS = 100;

/** `{ length, bytes, milliseconds, opening }`: medians of record() calls, and the time to open. */
export async function measureJournal(pocketsage, kind, length) {
  const { indexedDbStore, memoryStore, openSage } = pocketsage;
  const store = kind === "memory" ? memoryStore() : indexedDbStore(`bench ${length}`);
  const writtenBytes = [];
  const { segments } = store;
  const countingStore = {
    ...store,
    segments: {
      read: segments.read,
      watch: segments.watch,
      append(bytes, token) {
        writtenBytes.push(bytes.length);
        return segments.append(bytes, token);
      },
      replace(bytes, token) {
        writtenBytes.push(bytes.length);
        return segments.replace(bytes, token);
      },
    },
  };
  const options = { dim: DIM, store: countingStore };
  const action = (index) => ({
    item: `item ${index}`,
    at: Date.UTC(2025, 0, 1) + index * 1000,
    vector: Float32Array.from({ length: DIM }, (_, axis) => Math.sin(index * (axis + 1))),
  });
  const sage = await openSage(options);
  await sage.record(
    Array.from({ length: Math.max(0, length - 2 * CALLS) }, (_, index) => action(index)),
  );
  const times = [];
  for (let call = 0; call < 2 * CALLS; call += 1) {
    if (call === CALLS) writtenBytes.length = 0; // the first CALLS calls are not measured
    const one = action(length + call);
    const start = performance.now();
    await sage.record(one);
    if (call >= CALLS) times.push(performance.now() - start);
  }
  await sage.close();
  const start = performance.now();
  const reopenedSage = await openSage(options);
  const openingMs = performance.now() - start;
  await reopenedSage.close();
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  return { length, bytes: median(writtenBytes), milliseconds: median(times), opening: openingMs };
}

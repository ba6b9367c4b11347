// The measurements of the journal. They run in Node, in a page and in a Durable Object.

const DIM = 384;
/** Calls of record() that are measured for each history, after as many that are not. */
export const CALLS = 50;

/**
 * Opens a sage for each length, on a store of its own from `storeOf(length)`, with a history that
 * is 2 * CALLS actions shorter. Returns `[{ length, writtenBytes, recordNext, close }]`:
 * `recordNext()` records one action, `writtenBytes` has the size of each write.
 */
export async function openHistories({ openSage, setMemoryBudget }, storeOf, lengths) {
  setMemoryBudget(1 << 28); // none of the sages is released
  const histories = [];
  for (const length of lengths) {
    const writtenBytes = [];
    const store = countWrites(storeOf(length), writtenBytes);
    const sage = await openSage({ dim: DIM, store });
    let count = length - 2 * CALLS;
    await sage.record(Array.from({ length: count }, (_, index) => actionOf(index)));
    const recordNext = () => sage.record(actionOf(count++));
    histories.push({ length, writtenBytes, recordNext, close: () => sage.close() });
  }
  return histories;
}

/**
 * For each length, the medians of CALLS calls of record(): `{ length, bytes, milliseconds }`. The
 * histories take turns, so that a busy machine slows all of them down.
 */
export async function measureRecord(pocketsage, storeOf, lengths) {
  const histories = await openHistories(pocketsage, storeOf, lengths);
  const times = histories.map(() => []);
  for (let call = 0; call < 2 * CALLS; call += 1) {
    if (call === CALLS) for (const { writtenBytes } of histories) writtenBytes.length = 0;
    for (const [index, { recordNext }] of histories.entries()) {
      const start = performance.now();
      await recordNext();
      if (call >= CALLS) times[index].push(performance.now() - start);
    }
  }
  for (const { close } of histories) await close();
  return histories.map(({ length, writtenBytes }, index) => ({
    length,
    bytes: medianOf(writtenBytes),
    milliseconds: medianOf(times[index]),
  }));
}

/** The milliseconds to open the history in `store`, after the package is loaded. */
export async function measureOpening({ init, openSage }, store) {
  await init();
  const start = performance.now();
  const sage = await openSage({ dim: DIM, store });
  const milliseconds = performance.now() - start;
  await sage.close();
  return milliseconds;
}

/** The upper median. */
export function medianOf(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** An action with a vector of noise. */
function actionOf(index) {
  return {
    item: `item ${index}`,
    at: Date.UTC(2025, 0, 1) + index * 1000,
    vector: Float32Array.from({ length: DIM }, (_, axis) => Math.sin(index * (axis + 1))),
  };
}

/** The store; the size of each write is added to `writtenBytes`. */
function countWrites(store, writtenBytes) {
  const { segments } = store;
  const countWrite = (write) => (bytes, token) => {
    writtenBytes.push(bytes.length);
    return write(bytes, token);
  };
  const { read, append, replace, watch } = segments;
  return {
    ...store,
    segments: { read, append: countWrite(append), replace: countWrite(replace), watch },
  };
}

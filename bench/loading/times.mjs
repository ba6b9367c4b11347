// The times of loading the package, in Node and in pages.

const [N, DIM] = [300, 64];
const WARM_CALLS = 5;

/**
 * Resolves to `{ load, init, first, warm }` in ms: of the import, of `init()`, of the first call of
 * `cluster`, and of the fastest of the next five. `onInit` runs after `init()`.
 */
export async function measureLoading(importPackage, onInit = () => undefined) {
  const start = performance.now();
  const { cluster, init } = await importPackage();
  const loaded = performance.now();
  await init();
  const ready = performance.now();
  await onInit();
  const vectors = Float32Array.from({ length: N * DIM }, (_, index) => Math.sin(index * index));
  const calls = Array.from({ length: 1 + WARM_CALLS }, () => {
    const callStart = performance.now();
    cluster(vectors, { dim: DIM });
    return performance.now() - callStart;
  });
  return {
    load: loaded - start,
    init: ready - loaded,
    first: calls[0],
    warm: Math.min(...calls.slice(1)),
  };
}

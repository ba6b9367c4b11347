// Input of the Ward bench: n x dim little-endian f32 values in files, because the contestants run
// in several processes.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/lib/versions.mjs";
import { mixture } from "./mixture.mjs";

const taskFolder = join(root, "target", "bench");

/**
 * The sources of vectors by name. Each function returns n x dim values, row-major, or undefined if
 * the source has no n vectors of that dimension.
 */
export const taskSources = {
  mixture: (n, dim) => mixture(n, dim, { seed: n }),
  emoji: async (n, dim) => {
    const { Catalogue } = await import("pocketsage");
    const emoji = await Catalogue.fromBytes(await readFile(join(root, "pkg", "emoji.sage")));
    if (dim !== emoji.dim || n > emoji.size) return undefined;
    const vectors = new Float32Array(n * dim);
    const ids = [...emoji.ids()];
    // Evenly spaced, so that every emoji group is represented.
    for (let row = 0; row < n; row += 1)
      vectors.set(emoji.vector(ids[Math.floor((row * ids.length) / n)]), row * dim);
    return vectors;
  },
};

/**
 * Writes the vectors of a task to a file. Resolves to `{ data, n, dim, path }`, or undefined if the
 * source `data` has no n vectors of that dimension.
 */
export async function makeTask(data, n, dim) {
  const vectors = await taskSources[data](n, dim);
  if (!vectors) return undefined;
  const path = join(taskFolder, `${data}-${n}x${dim}.f32`);
  await mkdir(taskFolder, { recursive: true });
  await writeFile(path, vectors);
  return { data, n, dim, path };
}

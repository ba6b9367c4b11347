// What is clustered: n x dim little-endian f32 in files, because the contestants live in several processes.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/lib/versions.mjs";
import { mixture } from "./mixture.mjs";

const folder = join(root, "target", "bench");

/** Each gives the vectors, or undefined where it has none of that shape. */
export const dataSets = {
  mixture: (n, dim) => mixture(n, dim, { seed: n }),
  emoji: async (n, dim) => {
    const { Catalogue } = await import("pocketsage");
    const emoji = await Catalogue.fromBytes(await readFile(join(root, "pkg", "emoji.sage")));
    if (dim !== emoji.dim || n > emoji.size) return undefined;
    const vectors = new Float32Array(n * dim);
    const ids = [...emoji.ids()];
    for (let row = 0; row < n; row += 1)
      vectors.set(emoji.vector(ids[Math.floor((row * ids.length) / n)]), row * dim); // of every group
    return vectors;
  },
};

/** `{ data, n, dim, path }`, or undefined where the data set has no vectors of that shape. */
export async function makeTask(data, n, dim) {
  const vectors = await dataSets[data](n, dim);
  if (!vectors) return undefined;
  const path = join(folder, `${data}-${n}x${dim}.f32`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, vectors);
  return { data, n, dim, path };
}

// Vectors of texts by a model. A Python program makes them on first use, which takes minutes, and
// again only if the texts change.
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { reportStart } from "../../scripts/lib/output.mjs";
import { pythonEnvironment } from "../../scripts/lib/python.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";

/** Components of a vector, of both models. */
const DIM = 384;
/** By model: the program, and the Python environment that it runs in. */
const MODELS = {
  "all-MiniLM-L6-v2": { script: "embed.py", environment: "emoji-venv", needs: "data/emoji" },
  "multilingual-e5-small": {
    script: "embed_e5.py",
    environment: "migrate-venv",
    needs: "bench/migrate",
  },
};

/**
 * Resolves to the vectors of `count` texts. The program of the model reads `texts` as JSON. Texts
 * and vectors are kept in `folder`, as NAME.json and NAME.f32.
 */
export async function embedOnce({ folder, name, model, texts, count }) {
  const vectorsFile = join(folder, `${name}.f32`);
  const textsFile = join(folder, `${name}.json`);
  const content = JSON.stringify(texts);
  const knownContent = await readFile(textsFile, "utf8").catch(() => undefined);
  if (knownContent !== content || !existsSync(vectorsFile)) {
    reportStart("embedding", `${count} texts, some minutes`);
    const { script, environment, needs } = MODELS[model];
    const requirements = join(root, needs, "requirements.txt");
    const options = { minutes: 10, pipOptions: ["--no-deps"] };
    const { python } = await pythonEnvironment(environment, requirements, options);
    await mkdir(folder, { recursive: true });
    await rm(vectorsFile, { force: true });
    await writeFile(textsFile, content);
    const command = [join(import.meta.dirname, script), textsFile, `${vectorsFile}.part`];
    await runOrThrow(python, command, { show: true, minutes: 60 });
    await rename(`${vectorsFile}.part`, vectorsFile);
  }
  const bytes = await readFile(vectorsFile);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return Array.from({ length: count }, (_, row) => values.subarray(row * DIM, (row + 1) * DIM));
}

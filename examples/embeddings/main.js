// From texts to recommendations without a server: transformers.js embeds the titles in the browser,
// the catalogue holds the vectors, and the sage recommends.
import { env, pipeline } from "@huggingface/transformers";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import { Catalogue, indexedDbStore, openSage } from "pocketsage";
import { titles } from "./titles.js";

const MODEL = "Xenova/all-MiniLM-L6-v2"; // 384 dimensions, 23 MB, kept by the browser
const CATALOGUE_KEY = "/titles.sage";

// The runtime comes from this server, and the model from its hub, or, with VITE_MODELS, from a
// folder of this server, too.
env.backends.onnx.wasm.wasmPaths = { mjs, wasm };
const folder = import.meta.env.VITE_MODELS;
if (folder)
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: folder });

/** The vectors of texts: unit length, one row each. */
async function embed(texts) {
  const extract = await pipeline("feature-extraction", MODEL, { dtype: "q8" });
  const rows = [];
  // In batches: all texts at once would take much memory.
  for (let start = 0; start < texts.length; start += 16) {
    const batch = texts.slice(start, start + 16);
    rows.push(...(await extract(batch, { pooling: "mean", normalize: true })).tolist());
  }
  await extract.dispose();
  return rows;
}

/** The catalogue: built once, then read from the cache of the browser without the model. */
async function loadCatalogue() {
  const cache = await caches.open("catalogues");
  const stored = await cache.match(CATALOGUE_KEY);
  if (stored) return Catalogue.fromBytes(await stored.arrayBuffer());
  const vectors = await embed(titles);
  const catalogue = await Catalogue.from(
    titles.map((title, index) => [String(index), vectors[index], { title }]),
    { dim: vectors[0].length },
  );
  await cache.put(CATALOGUE_KEY, new Response(catalogue.toBytes()));
  return catalogue;
}

const catalogue = await loadCatalogue();
const sage = await openSage({ catalogue, store: indexedDbStore("embeddings") });
const titleOf = (item) => catalogue.payload(item).title;

async function show() {
  const picks = await sage.recommend({ count: 6 });
  const buttons = picks.map(({ item, because }) => {
    const button = document.createElement("button");
    button.textContent = titleOf(item);
    if (because.medoid) button.title = `because of ${titleOf(because.medoid)}`;
    button.onclick = () => sage.record({ item });
    return button;
  });
  document.querySelector("main").replaceChildren(...buttons);
  document.querySelector("p").textContent = `${catalogue.size} titles`;
}
sage.subscribe(show);
await show();

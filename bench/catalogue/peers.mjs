// The compared libraries that run in Node. Each is a function from `{ vectors, values, dim }`
// (unit rows, so that L2, inner product and cosine give one order) to
//   search(query, k)        returns rows, best first
//   searchMany(queries, k)  answers several queries in one call; only PocketSage
//   tune(effort)            sets HNSW's ef; optional
//   bytes                   the content of the catalogue's file; only PocketSage
//   save(), load()          keep the index and open it again; load returns a function that frees it
//   memory()                returns the bytes of linear memory; optional
//   close()                 frees the index; optional
//   note                    a remark for the tables; optional
import { readFile } from "node:fs/promises";

/** The modules of the package, not their bundle: this file also imports parts of them. */
const packageEntry = new URL("../../pkg/entry/node.js", import.meta.url);
/** URL of a file in a package of bench/catalogue/node_modules/. */
const packageUrl = (path) => new URL(`node_modules/${path}`, import.meta.url);

/** The catalogue through its public API; with inverted lists, as `pocketsage build` makes them. */
export async function pocketsage({ vectors, dim }, { lists = false } = {}) {
  const { Catalogue } = await import(packageEntry);
  const items = vectors.map((vector, row) => [String(row), vector]);
  let catalogue = await Catalogue.from(items, { dim });
  if (lists) {
    const { buildLists, MAX_SCANNED_SHARE } = await import("../../pkg/cli/build/inverted-lists.js");
    catalogue = await buildLists(catalogue, items, () => {}, MAX_SCANNED_SHARE);
  }
  const bytes = catalogue.toBytes();
  return {
    search: (query, k) => catalogue.search(query, { count: k }).map(({ item }) => Number(item)),
    close: () => catalogue.close(),
    searchMany: (queries, k) => catalogue.searchMany(queries, { count: k }),
    bytes,
    load: async () => {
      const reopened = await Catalogue.fromBytes(bytes);
      return () => reopened.close();
    },
    note: catalogue.lists && `at least ${catalogue.lists.probed} of ${catalogue.lists.count} lists`,
  };
}

/** Plain JavaScript: a loop over all vectors and a sort, as applications write it themselves. */
export async function plain({ vectors }) {
  return {
    search(query, k) {
      const scores = vectors.map((vector, row) => {
        let dot = 0;
        for (let i = 0; i < vector.length; i += 1) dot += vector[i] * query[i];
        return [dot, row];
      });
      return scores
        .sort((a, b) => b[0] - a[0])
        .slice(0, k)
        .map(([, row]) => row);
    },
  };
}

/** hnswlib-wasm: HNSW. It is built for pages and expects a window and an IndexedDB. */
export async function hnswlib({ vectors, dim }) {
  await import("fake-indexeddb/auto");
  Object.assign(globalThis, {
    window: globalThis,
    self: globalThis,
    location: { href: "http://localhost/" },
    document: {},
  });
  const originalLog = console.log;
  // hnswlib-wasm logs the state of its file system to standard output, where the reports go.
  console.log = (...words) => /jsFS|EmscriptenFileSystem/.test(words[0]) || originalLog(...words);
  const { loadHnswlib } = await import(packageUrl("hnswlib-wasm/dist/hnswlib.js"));
  const hnswlibModule = await loadHnswlib();
  const index = new hnswlibModule.HierarchicalNSW("cosine", dim, "");
  index.initIndex(vectors.length, 16, 200, 1);
  for (const name of ["window", "self", "location", "document"]) delete globalThis[name];
  vectors.forEach((vector, row) => index.addPoint(vector, row, false));
  return {
    search: (query, k) => index.searchKnn(query, k, undefined).neighbors,
    tune: (ef) => index.setEfSearch(ef),
    save: () => index.writeIndex("bench.dat"),
    async load() {
      const reopened = new hnswlibModule.HierarchicalNSW("cosine", dim, "");
      await reopened.readIndex("bench.dat", vectors.length);
      return () => reopened.delete();
    },
    memory: () => hnswlibModule.HEAP8.length,
  };
}

/** edgevec: HNSW by L2 distance. */
export async function edgevec({ values, vectors, dim }) {
  const { default: init, EdgeVec, EdgeVecConfig } = await import(packageUrl("edgevec/edgevec.js"));
  await init({ module_or_path: await readFile(packageUrl("edgevec/edgevec_bg.wasm")) });
  const config = new EdgeVecConfig(dim);
  config.metric = "l2";
  config.ef_search = 200;
  const index = new EdgeVec(config);
  const ids = index.insertBatchFlat(values, vectors.length);
  const firstId = ids[0];
  // No save and load: edgevec rejects its own files ("a feature that PostCard will never
  // implement").
  return { search: (query, k) => index.search(query, k).map(({ id }) => id - firstId) };
}

/** voy: a k-d tree. */
export async function voy({ vectors }) {
  const glue = await import(packageUrl("voy-search/voy_search_bg.js"));
  const module = new WebAssembly.Module(
    await readFile(packageUrl("voy-search/voy_search_bg.wasm")),
  );
  glue.__wbg_set_wasm(new WebAssembly.Instance(module, { "./voy_search_bg.js": glue }).exports);
  const embeddings = vectors.map((vector, row) => ({
    id: String(row),
    title: "",
    url: "",
    embeddings: [...vector],
  }));
  const index = new glue.Voy({ embeddings });
  let savedBytes;
  return {
    search: (query, k) => index.search(query, k).neighbors.map(({ id }) => Number(id)),
    save: () => (savedBytes = index.serialize()),
    load: () => {
      const reopened = glue.Voy.deserialize(savedBytes);
      return () => reopened.free();
    },
  };
}

/** orama: full text and vectors in plain JavaScript. */
export async function orama({ vectors, dim }) {
  const { create, insertMultiple, load, save, searchVector } = await import("@orama/orama");
  const schema = { id: "string", embedding: `vector[${dim}]` };
  const db = create({ schema });
  let savedBytes;
  await insertMultiple(
    db,
    vectors.map((vector, row) => ({ id: String(row), embedding: [...vector] })),
    5000,
  );
  return {
    search: (query, k) => {
      const foundHits = searchVector(db, {
        vector: { value: query, property: "embedding" },
        similarity: -1,
        limit: k,
      });
      return foundHits.hits.map(({ id }) => Number(id));
    },
    save: () => (savedBytes = JSON.stringify(save(db))),
    load: () => {
      load(create({ schema }), JSON.parse(savedBytes));
      return () => {};
    },
  };
}

/** rvf-wasm: its flat store, an exact scan. */
export async function rvf({ values, vectors, dim }) {
  const { default: init } = await import("@ruvector/rvf-wasm");
  const wasm = await init(await readFile(packageUrl("@ruvector/rvf-wasm/pkg/rvf_wasm_bg.wasm")));
  const store = wasm.rvf_store_create(dim, 2);
  const batch = 1000;
  const [batchAddress, idsAddress, queryAddress, hitsAddress] = [
    batch * dim * 4,
    batch * 8,
    dim * 4,
    16 * 100,
  ].map((size) => wasm.rvf_alloc(size));
  for (let start = 0; start < vectors.length; start += batch) {
    const count = Math.min(batch, vectors.length - start);
    new Float32Array(wasm.memory.buffer, batchAddress, count * dim).set(
      values.subarray(start * dim, (start + count) * dim),
    );
    new BigUint64Array(wasm.memory.buffer, idsAddress, count).set(
      Array.from({ length: count }, (_, i) => BigInt(start + i)),
    );
    wasm.rvf_store_ingest(store, batchAddress, idsAddress, count);
  }
  return {
    search(vector, k) {
      new Float32Array(wasm.memory.buffer, queryAddress, dim).set(vector);
      const foundHits = wasm.rvf_store_query(store, queryAddress, k, 2, hitsAddress);
      const view = new DataView(wasm.memory.buffer, hitsAddress);
      // 12 bytes per hit: the id (u64), then the distance (f32).
      return Array.from({ length: foundHits }, (_, i) => Number(view.getBigUint64(i * 12, true)));
    },
    memory: () => wasm.memory.buffer.byteLength,
  };
}

/** sqlite-vec: its flat virtual table, an exact scan. */
export async function sqliteVec({ vectors, dim }) {
  Object.assign(globalThis, {
    window: globalThis,
    document: {},
    location: { href: "http://localhost/" },
    self: globalThis,
  });
  const { default: load } = await import("sqlite-vec-wasm-demo");
  const sqlite = await load({
    wasmBinary: await readFile(packageUrl("sqlite-vec-wasm-demo/sqlite3.wasm")),
    print() {},
    printErr() {},
  });
  for (const name of ["window", "document", "location", "self"]) delete globalThis[name];
  const db = new sqlite.oo1.DB(":memory:");
  db.exec(`create virtual table items using vec0(embedding float[${dim}] distance_metric=cosine)`);
  const insert = db.prepare("insert into items(rowid, embedding) values (?, ?)");
  db.exec("begin");
  vectors.forEach((vector, row) =>
    insert.bind([row + 1, new Uint8Array(vector.buffer)]).stepReset(),
  );
  db.exec("commit");
  return {
    search: (query, k) =>
      db
        .selectValues(
          "select rowid from items where embedding match ? and k = ? order by distance",
          [new Uint8Array(query.buffer), k],
        )
        .map((id) => id - 1),
  };
}

// Every function and method of the package with valid arguments, for tests that replace parts of
// them. More than 400 lines: one list, and each call with its arguments.
import * as main from "pocketsage";
import * as evaluate from "pocketsage/evaluate";
import * as migrate from "pocketsage/migrate";
import * as names from "pocketsage/names";
import * as privacy from "pocketsage/privacy";
import * as ohttp from "pocketsage/privacy/ohttp";
import * as privacyServer from "pocketsage/privacy/server";
import * as ranged from "pocketsage/ranged";
import * as remote from "pocketsage/remote";
import * as text from "pocketsage/text";
import * as vault from "pocketsage/vault";
import { learnTexts, withTower } from "../../pkg/cli/build/text.js";
import { buildRanged } from "./ranged-world.mjs";

const { Catalogue, memoryStore, openSage } = main;

await main.init();

const ITEMS = [
  ["a", [1, 0, 0], { title: "green tea", price: 3, tags: ["hot"] }, 2],
  ["b", [0, 1, 0], { title: "black tea", price: 4, tags: ["hot", "black"] }, 1],
  ["c", [0.9, 0.1, 0], { title: "iced tea", price: 5, tags: ["cold"] }, 3],
];
const CATALOGUE_OPTIONS = { dim: 3, precision: "full", metric: "cosine", attributes: ["price"] };
const newCatalogue = () => Catalogue.from(ITEMS, CATALOGUE_OPTIONS);
const catalogue = await newCatalogue();
const bytes = catalogue.toBytes();
const NOW = 1_760_000_000_000;
const ACTIONS = [
  { item: "a", at: NOW - 1000, weight: 1, kind: "save" },
  { item: "own", at: NOW - 2000, vector: [0, 0, 1] },
];
const newSage = async (options = {}) => {
  const sage = await openSage({ catalogue, now: () => NOW, ...options });
  await sage.record(ACTIONS);
  return sage;
};
const FILTER = {
  all: [
    { field: "price", from: 1, to: 9 },
    { not: { field: "price", is: 7 } },
    { any: [{ field: "price", in: [3, 4, 5] }] },
  ],
};
const RECOMMEND = {
  count: 3,
  offset: 0,
  interests: 2,
  pick: { seed: 1 },
  focus: 0.3,
  popularity: 1,
  diversity: 0.1,
  explore: 0.1,
  exploreSeed: 1,
  minScore: -1,
  filter: FILTER,
  personal: true,
  exclude: ["b"],
  signal: new AbortController().signal,
};
const SEARCH = {
  count: 2,
  offset: 0,
  minScore: -1,
  exclude: ["b"],
  filter: FILTER,
  exact: true,
  variants: true,
};
const PROFILE_OPTIONS = { cut: { threshold: 0.5 }, singletons: "keep", lambda: 0.01, memory: 1e6 };
const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
  "encrypt",
  "decrypt",
]);

/** Calls by name: a function, and its valid arguments. */
export const calls = {};
const add = (name, call, ...args) => (calls[name] = { call, args });

add("init", main.init, undefined);
add("isSageError", main.isSageError, new Error("x"));
add(
  "setMemoryBudget",
  (...args) => {
    main.setMemoryBudget(...args);
    main.setMemoryBudget(16 << 20);
  },
  16 << 20,
);
add("cluster", main.cluster, [1, 0, 0, 1], {
  dim: 2,
  weights: [1, 2],
  spread: 1,
  ...PROFILE_OPTIONS,
});
add("ward", main.ward, [1, 0, 0, 1], { dim: 2, weights: [1, 2], memory: 1e6 });
add("project", main.project, [1, 0, 0, 1], { dim: 2 });
add("buildProfile", main.buildProfile, [{ item: "a", vector: [1, 0], at: NOW, weight: 1 }], {
  dim: 2,
  now: NOW,
  spread: 1,
  ...PROFILE_OPTIONS,
});
add("Catalogue.from", (...args) => Catalogue.from(...args), ITEMS, {
  ...CATALOGUE_OPTIONS,
  space: "s",
});
add("Catalogue.fromBytes", (...args) => Catalogue.fromBytes(...args), bytes);
add(
  "Catalogue.fetch",
  (...args) => Catalogue.fetch(...args),
  `data:application/octet-stream;base64,${Buffer.from(bytes).toString("base64")}`,
  { signal: new AbortController().signal, onProgress: () => undefined },
);
for (const method of ["has", "vector", "payload", "prior"])
  add(`catalogue.${method}`, (...args) => catalogue[method](...args), "a");
add("catalogue.setPriors", async (...args) => (await newCatalogue()).setPriors(...args), [
  ["a", 1],
]);
add("catalogue.search", (...args) => catalogue.search(...args), [1, 0, 0], SEARCH);
add("catalogue.searchMany", (...args) => catalogue.searchMany(...args), [[1, 0, 0]], SEARCH);
add("catalogue.add", async (...args) => (await newCatalogue()).add(...args), ITEMS);
add("catalogue.remove", async (...args) => (await newCatalogue()).remove(...args), ["a"]);
add("catalogue.merge", async (...args) => (await newCatalogue()).merge(...args), new Uint8Array(3));
add(
  "openSage",
  async (...args) => {
    const sage = await openSage(...args);
    await sage.record({ item: "a" });
    await sage.recommend();
    await sage.close();
  },
  {
    catalogue,
    dim: 3,
    space: "s",
    retriever: async (queries) => queries.map(() => []),
    vectors: async (items) => items.map(() => undefined),
    store: memoryStore(),
    kinds: { save: 2 },
    maxActions: 100,
    maxAgeDays: 10,
    unreadable: "reject",
    storeTimeoutMs: 1000,
    now: () => NOW,
    retrieval: { cut: { spread: 0.7 }, lambda: 0.1, recency: 0.1 },
    ...PROFILE_OPTIONS,
  },
);
add("openSage (2)", openSage, { dim: 3, halfLifeDays: 3, cut: { count: 3 } });
const onSage = (method, ...args) =>
  add(`sage.${method}`, async (...given) => (await newSage())[method](...given), ...args);
onSage("record", ACTIONS);
onSage("profile", { at: NOW });
onSage("recommend", RECOMMEND);
onSage("preview", RECOMMEND);
onSage("score", ["a", { item: "own", vector: [0, 0, 1] }]);
onSage("rank", ["a", { item: "own", vector: [0, 0, 1] }], { taste: 0.5 });
onSage("explain", "a");
onSage("actions", { offset: 0, count: 10 });
for (const method of ["hide", "unhide", "dislike", "undislike"]) onSage(method, ["a"]);
onSage("mute", { medoid: "a" });
onSage("boost", { medoid: "a" }, 2);
onSage("shown", ["a"], { ttlDays: 3 });
onSage("forget", { from: 0, to: NOW });
onSage("import", await (await newSage()).export());
onSage("subscribe", () => undefined);
const withVectors = { vectors: async (items) => items.map(() => [0, 0, 1]) };
for (const [method, ...args] of [
  ["record", ACTIONS],
  ["score", ["a"]],
  ["rank", ["a"]],
])
  add(
    `sage.${method} with vectors`,
    async (...given) => (await newSage(withVectors))[method](...given),
    ...args,
  );
add("indexedDbStore", main.indexedDbStore, "me");
add("memoryStore().save", (...args) => memoryStore().save(...args), new Uint8Array(3));
add(
  "memoryStore().update",
  (...args) => memoryStore().update(...args),
  () => new Uint8Array(3),
);
add("memoryStore().setAside", (...args) => memoryStore().setAside?.(...args), new Uint8Array(3));
{
  const store = () => memoryStore().segments;
  add("memoryStore().segments.read", (...args) => store().read(...args), undefined);
  add(
    "memoryStore().segments.append",
    async (...args) => store().append(...args),
    new Uint8Array(3),
    (await store().read()).token,
  );
  add(
    "memoryStore().segments.replace",
    async (...args) => store().replace(...args),
    new Uint8Array(3),
    (await store().read()).token,
  );
  add(
    "memoryStore().segments.watch",
    async (...args) => store().watch?.(...args)(),
    () => undefined,
  );
}
/** A port that no one listens to. */
class SilentPort {
  postMessage() {}
  on() {}
  off() {}
}
add(
  "serveSage",
  async (...args) => main.serveSage(...args),
  () => newSage(),
  new SilentPort(),
);
add(
  "connectSage",
  async (...args) => {
    // No one answers.
    await Promise.race([main.connectSage(...args), new Promise(setImmediate)]);
  },
  new SilentPort(),
  { signal: new AbortController().signal },
);

// remote
const engineOptions = {
  fetch: async () => Response.json({}),
  headers: { a: "b" },
  timeout: 100,
  maxBytes: 1000,
  connections: 2,
  filter: FILTER,
  dim: 3,
  space: "s",
};
const url = "https://host.example";
const UUID = "00000000-0000-4000-8000-000000000000";
const remoteFunctions = new Map(Object.entries(remote));
const ENGINES = {
  chroma: {
    url,
    collection: UUID,
    tenant: "t",
    database: "d",
    apiKey: "k",
    priorField: "p",
    ...engineOptions,
  },
  elasticsearch: {
    url,
    index: "i",
    apiKey: "k",
    byId: true,
    vectorField: "v",
    priorField: "p",
    ...engineOptions,
  },
  milvus: {
    url,
    collection: "c",
    token: "t",
    database: "d",
    version: 2,
    byId: true,
    idField: "id",
    idType: "varchar",
    vectorField: "v",
    priorField: "p",
    ...engineOptions,
  },
  pinecone: { url, apiKey: "k", namespace: "n", priorField: "p", ...engineOptions },
  qdrant: {
    url,
    collection: "c",
    apiKey: "k",
    vectorName: "v",
    idField: "f",
    priorField: "p",
    ...engineOptions,
  },
  typesense: {
    url,
    collection: "c",
    apiKey: "k",
    vectorField: "v",
    priorField: "p",
    ...engineOptions,
    filter: { field: "price", from: 1 },
  },
  pgvector: {
    query: async () => ({ rows: [] }),
    table: "t",
    idColumn: "id",
    idType: "text",
    vectorColumn: "v",
    priorField: "p",
    filter: FILTER,
    dim: 3,
    space: "s",
    efSearch: 40,
  },
  redis: {
    command: async () => [],
    key: "k",
    priorField: "p",
    filter: { field: "price", from: 1 },
    dim: 3,
    space: "s",
  },
  vectorize: {
    index: {
      query: async () => ({ matches: [] }),
      queryById: async () => ({ matches: [] }),
      getByIds: async () => [],
    },
    name: "n",
    priorField: "p",
    filter: { field: "price", from: 1 },
    dim: 3,
    space: "s",
  },
  httpRetriever: {
    url,
    send: "both",
    precision: "f16",
    token: "t",
    fetch: async () => Response.json({}),
    headers: {},
    timeout: 100,
    maxBytes: 1000,
    connections: 2,
    dim: 3,
    space: "s",
  },
};
const QUERIES = [{ item: "a", vector: [1, 0, 0], count: 3, space: "s" }];
for (const [name, options] of Object.entries(ENGINES)) {
  add(
    name,
    async (...args) => {
      const engine = remoteFunctions.get(name)(...args);
      await engine.ask([{ item: "a", vector: [1, 0, 0], count: 3 }]);
      engine.outbound([{ item: "a", vector: [1, 0, 0], count: 3 }]);
    },
    options,
  );
  const engine = remoteFunctions.get(name)({ ...options });
  const signal = new AbortController().signal;
  add(`${name}.ask`, (...args) => engine.ask(...args), QUERIES, signal);
  add(
    `${name}()`,
    async (...args) => {
      try {
        await engine(...args);
      } catch (error) {
        if (error.code !== "retrieval") throw error;
      }
    },
    QUERIES,
    signal,
  );
  add(
    `${name}.vectors`,
    async (...args) => {
      try {
        await engine.vectors(...args);
      } catch (error) {
        if (error.code !== "retrieval") throw error;
      }
    },
    ["a"],
    signal,
  );
  add(`${name}.outbound`, (...args) => engine.outbound(...args), QUERIES);
  if (engine.withFilter)
    add(`${name}.withFilter`, (...args) => engine.withFilter(...args), { field: "price", from: 1 });
}
const local = remote.localRetriever(catalogue);
const runtime = { now: () => NOW, sleep: async () => undefined, random: () => 0.5 };
add("localRetriever", remote.localRetriever, catalogue, FILTER);
add(
  "localRetriever.ask",
  (...args) => local.ask(...args),
  [{ item: "a", vector: [1, 0, 0], count: 3 }],
  new AbortController().signal,
);
add("localRetriever.vectors", (...args) => local.vectors(...args), ["a"]);
add("localRetriever.outbound", (...args) => local.outbound(...args), [
  { item: "a", vector: [1, 0, 0], count: 3 },
]);
add("withFallback", remote.withFallback, local, local);
const use =
  (create) =>
  async (...args) => {
    const retriever = create(...args);
    await retriever.ask([{ item: "a", vector: [1, 0, 0], count: 3 }]);
  };
add("withBreaker", use(remote.withBreaker), local, {
  failures: 2,
  cooldown: 10,
  state: remote.breakerState(),
  ...runtime,
});
add("withRetry", use(remote.withRetry), local, { retries: 1, base: 10, most: 20, ...runtime });
add("withTimeout", use(remote.withTimeout), local, 100, "timeout", runtime);
add("withCache", use(remote.withCache), local, {
  store: remote.memoryAnswers(),
  fresh: 10,
  stale: 10,
  version: "v",
  ...runtime,
});
add("resilient", use(remote.resilient), local, {
  timeout: 100,
  deadline: 200,
  retry: { retries: 1, base: 10, most: 20 },
  breaker: { failures: 2, cooldown: 10, state: remote.breakerState() },
  cache: { store: remote.memoryAnswers(), fresh: 10, stale: 10, version: "v" },
  fallback: local,
  ...runtime,
});
add(
  "memoryAnswers",
  async (...args) => {
    const store = remote.memoryAnswers(...args);
    await store.set("a", "b", 1);
    await store.get("a");
  },
  10,
);
add("cacheApiAnswers", remote.cacheApiAnswers, {
  match: async () => undefined,
  put: async () => undefined,
});
add("kvAnswers", remote.kvAnswers, { get: async () => null, put: async () => undefined });
add("layeredAnswers", remote.layeredAnswers, remote.memoryAnswers(), remote.memoryAnswers());
add("isPassing", remote.isPassing, new Error("x"));
add("encodeMedoids", remote.encodeMedoids, QUERIES, { precision: "f16", send: "both" });
add("decodeMedoids", remote.decodeMedoids, remote.encodeMedoids(QUERIES));

// evaluate
const LIST = [
  { item: "a", score: 1 },
  { item: "b", score: 2 },
];
add("compareLists", evaluate.compareLists, LIST, LIST);
add("interleave", evaluate.interleave, LIST, LIST, { seed: 1, count: 3 });
add("creditTeams", evaluate.creditTeams, [{ item: "a", team: "a" }], ["a"]);
add("preference", evaluate.preference, [{ a: 1, b: 0 }]);
add("replay", evaluate.replay, [...ACTIONS, { item: "b", at: NOW }, { item: "c", at: NOW - 10 }], {
  sage: { catalogue },
  recommend: { count: 3 },
  held: 1,
});

// names
const profile = await (await newSage()).profile();
add(
  "nameInterests",
  names.nameInterests,
  { interests: profile.interests.map(({ items }) => ({ items })) },
  catalogue,
  { count: 2, fields: ["title"], language: "en" },
);

// text
const embedder = { embed: async () => [1, 0, 0], nameField: "title", space: "s" };
const opened = text.openEmbedder(catalogue, embedder);
add("openText", text.openText, catalogue);
add(
  "openEmbedder",
  async (...args) => text.openEmbedder(...args).search("tea"),
  catalogue,
  embedder,
);
add("embedder.embed", (...args) => opened.embed(...args), "tea", {
  signal: new AbortController().signal,
});
add("embedder.search", (...args) => opened.search(...args), "tea", {
  ...SEARCH,
  signal: new AbortController().signal,
});
const sageForText = await newSage();
add("openSageText", text.openSageText, sageForText, catalogue, opened);
const words = text.openSageText(sageForText, catalogue, opened);
add("sageText.record", (...args) => words.record(...args), [
  { text: "tea", item: "t", at: NOW, weight: 1, kind: "k" },
]);
add("sageText.recommend", (...args) => words.recommend(...args), {
  query: "tea",
  taste: 0.5,
  ...SEARCH,
  signal: new AbortController().signal,
});
add("sageText.rank", (...args) => words.rank(...args), [{ item: "a", score: 1 }], { taste: 0.5 });
const teas = Array.from({ length: 12 }, (_, index) => [
  `tea-${index}`,
  [1, index / 100, 0],
  { title: `tea number ${index}`, price: index, tags: ["hot"] },
]);
const { tower } = learnTexts(teas, ["title"], false, String, () => {});
const catalogueText = text.openText(
  withTower(
    await Catalogue.from(teas, { ...CATALOGUE_OPTIONS, attributes: ["price", "tags"] }),
    tower,
  ),
);
add("catalogueText.embed", (...args) => catalogueText.embed(...args), "tea");
add("catalogueText.search", (...args) => catalogueText.search(...args), "tea", SEARCH);
add("catalogueText.add", (...args) => catalogueText.add(...args), [
  ["new", { title: "green tea" }, 1],
]);

// ranged
const rangedFile = await buildRanged({ n: 40, dim: 4 });
const blob = new Blob([rangedFile.bytes]);
add("httpSource", ranged.httpSource, "https://host.example/items.sage", {
  fetch: async () => new Response(),
  headers: { a: "b" },
});
add(
  "fileSource",
  ranged.fileSource,
  { read: async () => ({ bytesRead: 0 }), stat: async () => ({ size: 0 }) },
  "name",
);
add("blobSource", ranged.blobSource, blob, "name");
add("bucketSource", ranged.bucketSource, { get: async () => null }, "key");
add(
  "openRanged",
  async (...args) => (await ranged.openRanged(...args)).close(),
  ranged.blobSource(blob),
  {
    maxRequests: 3,
    maxBytes: 1000,
    memory: 1000,
    cache: false,
    whole: true,
    signal: new AbortController().signal,
  },
);
for (const [mode, source] of [
  ["ranges", blob],
  ["whole", new Blob([bytes])],
]) {
  const inMode = await ranged.openRanged(ranged.blobSource(source));
  const own = mode === "ranges" ? { field: "number", from: 0 } : FILTER;
  const vector = mode === "ranges" ? [1, 0, 0, 0] : [1, 0, 0];
  const options = {
    count: 2,
    offset: 0,
    minScore: -1,
    exclude: ["b"],
    filter: own,
    exact: true,
    damaged: "error",
    signal: new AbortController().signal,
  };
  add(`ranged.has (${mode})`, (...args) => inMode.has(...args), "a");
  add(`ranged.prior (${mode})`, (...args) => inMode.prior(...args), "a");
  add(`ranged.search (${mode})`, (...args) => inMode.search(...args), vector, options);
  add(`ranged.searchMany (${mode})`, (...args) => inMode.searchMany(...args), [vector], options);
  add(`ranged.vector (${mode})`, (...args) => inMode.vector(...args), "a", {
    signal: new AbortController().signal,
  });
  add(`ranged.payload (${mode})`, (...args) => inMode.payload(...args), "a", {
    signal: new AbortController().signal,
  });
  add(
    `ranged.retriever (${mode})`,
    (...args) => inMode.retriever(...args),
    [{ vector, count: 2 }],
    new AbortController().signal,
  );
  add(`ranged.retriever.outbound (${mode})`, (...args) => inMode.retriever.outbound(...args), [
    { vector, count: 2 },
  ]);
  add(
    `ranged.retriever.withFilter (${mode})`,
    (...args) => inMode.retriever.withFilter(...args)([{ vector, count: 2 }]),
    own,
  );
  add(`ranged.vectors (${mode})`, (...args) => inMode.vectors(...args), ["a"]);
}

// privacy
const common = {
  store: memoryStore(),
  epochDays: 1,
  onOutbound: () => undefined,
  keepLog: 3,
  fetch: async () => new Response("", { status: 404 }),
  headers: { a: "b" },
  timeout: 100,
  now: () => NOW,
};
add("openPrivacy local", privacy.openPrivacy, { mode: "local", catalogue, ...common });
add("openPrivacy shard", privacy.openPrivacy, {
  mode: "local",
  cells: { url, codebook: "0".repeat(64) },
  shard: 1,
  ...common,
});
add("openPrivacy cells", privacy.openPrivacy, {
  mode: "cells",
  cells: { url },
  transport: "split",
  hosts: ["https://a.example", "https://b.example"],
  interests: 2,
  probes: 2,
  ...common,
});
add("openPrivacy static", privacy.openPrivacy, {
  mode: "cells",
  cells: { url },
  transport: "static",
  interests: 2,
  probes: 2,
  epsilon: 1,
  cap: 4,
  ...common,
});
add("openPrivacy anchors", privacy.openPrivacy, {
  mode: "anchors",
  retriever: local,
  catalogue,
  interests: 2,
  history: async () => ["a"],
  ...common,
});
const modes = {
  local: await privacy.openPrivacy({ mode: "local", catalogue }),
  medoids: await privacy.openPrivacy({
    mode: "medoids",
    catalogue,
    retriever: local,
    interests: 2,
  }),
  anchors: await privacy.openPrivacy({
    mode: "anchors",
    catalogue,
    retriever: local,
    interests: 2,
    history: async () => ["a"],
  }),
};
for (const [mode, opened] of Object.entries(modes)) {
  const signal = new AbortController().signal;
  const queries = [{ item: "a", vector: Float32Array.of(1, 0, 0), count: 2 }];
  add(`privacy.retriever (${mode})`, (...args) => opened.retriever(...args), queries, signal);
  add(
    `privacy.retriever.outbound (${mode})`,
    (...args) => opened.retriever.outbound(...args),
    queries,
  );
  add(`privacy.release (${mode})`, (...args) => opened.release(...args), queries, signal);
  add(`privacy.neverSend (${mode})`, (...args) => opened.neverSend(...args), ["z"]);
  add(`privacy.payload (${mode})`, (...args) => opened.payload(...args), "a");
  add(
    `privacy.importLedger (${mode})`,
    (...args) => opened.importLedger(...args),
    opened.exportLedger(),
  );
}
add("plan", privacy.plan, {
  items: 10_000,
  bytes: 1e6,
  epsilon: 1,
  hosts: 1,
  dim: 128,
  textBytes: 20,
  interests: 5,
  epochDays: 1,
});
add("openCellServer", privacyServer.openCellServer, {
  read: async () => undefined,
  kernel: undefined,
  maxBytes: 1000,
});
add("cellsHandler", privacyServer.cellsHandler, {
  read: async () => undefined,
  kernel: undefined,
  maxBytes: 1000,
  origins: ["https://a.example"],
});
add("addXor", privacyServer.addXor, new Uint8Array(3), new Uint8Array(3));
add("ohttpFetch", ohttp.ohttpFetch, {
  relay: url,
  keys: new Uint8Array(45),
  fetch: async () => new Response(),
  now: () => NOW,
});
add("ohttpGateway", ohttp.ohttpGateway, {
  keys: [[1, new Uint8Array(32)]],
  handle: async () => new Response(),
  maxBytes: 1000,
  maxSkewSeconds: 10,
  now: () => NOW,
});
add("ohttpRelay", ohttp.ohttpRelay, {
  gateway: url,
  origins: ["https://a.example"],
  limit: () => true,
  maxBytes: 1000,
  timeout: 100,
  fetch: async () => new Response(),
});
const relay = ohttp.ohttpRelay({ gateway: url, fetch: async () => new Response() });
add(
  "relay()",
  relay,
  new Request(url, { method: "POST", body: "x", headers: { "content-type": "message/ohttp-req" } }),
);
const gateway = await ohttp.ohttpGateway({
  keys: [[1, new Uint8Array(32).fill(7)]],
  handle: async () => new Response(),
});
add(
  "gateway()",
  gateway,
  new Request(url, { method: "POST", body: "x", headers: { "content-type": "message/ohttp-req" } }),
);

// vault
add("consentGate", (...args) => vault.consentGate(...args).close(), { given: true, name: "n" });
const gate = () => vault.consentGate({ given: true });
add(
  "gate.open",
  async (...args) => gate().open(...args),
  () => newSage(),
);
add("gate.guardStore", (...args) => gate().guardStore(...args), memoryStore());
add("gate.guardRetriever", (...args) => gate().guardRetriever(...args), local);
const guarded = gate().guardRetriever(local);
add(
  "guardedRetriever()",
  (...args) => guarded(...args),
  [{ item: "a", vector: [1, 0, 0], count: 3 }],
  new AbortController().signal,
);
const guardedStore = gate().guardStore(memoryStore());
add("guardedStore.save", (...args) => guardedStore.save(...args), new Uint8Array(3));
add("encryptedStore", vault.encryptedStore, memoryStore(), { key, migrate: false });
add("encryptedStore (2)", vault.encryptedStore, memoryStore(), { passphrase: "x" });
const encrypted = () => vault.encryptedStore(memoryStore(), { key });
add("encryptedStore.save", (...args) => encrypted().save(...args), new Uint8Array(3));
add(
  "encryptedStore.update",
  (...args) => encrypted().update(...args),
  () => new Uint8Array(3),
);
add("encryptedStore.setAside", (...args) => encrypted().setAside?.(...args), new Uint8Array(3));
const token = (await encrypted().segments.read()).token;
add("encryptedStore.segments.read", (...args) => encrypted().segments.read(...args), token);
add(
  "encryptedStore.segments.append",
  (...args) => encrypted().segments.append(...args),
  new Uint8Array(3),
  token,
);
add(
  "encryptedStore.segments.replace",
  (...args) => encrypted().segments.replace(...args),
  new Uint8Array(3),
  token,
);
add(
  "encryptedStore.segments.watch",
  (...args) => encrypted().segments.watch?.(...args),
  () => undefined,
);
const blobs = { list: async () => [], get: async () => undefined, put: async () => undefined };
add("sync", async (...args) => vault.sync(...args), sageForText, blobs, {
  key,
  device: "0".repeat(32),
  signal: new AbortController().signal,
});
add("exportJson", vault.exportJson, sageForText, { ledger: modes.local.exportLedger() });
add(
  "importJson",
  async (...args) => vault.importJson(...args),
  sageForText,
  await vault.exportJson(sageForText),
);
add("edgeStore", vault.edgeStore, {
  url,
  token: "t",
  fetch: async () => new Response(),
  timeout: 100,
});
const edge = vault.edgeStore({ url, token: "t", fetch: async () => Response.json({ blobs: [] }) });
const signal = new AbortController().signal;
add("edgeStore.list", (...args) => edge.list(...args), signal);
add("edgeStore.get", (...args) => edge.get(...args), "0".repeat(32), signal);
add("edgeStore.put", (...args) => edge.put(...args), "0".repeat(32), new Uint8Array(3), signal);
add("edgeStore.delete", (...args) => edge.delete(...args), "0".repeat(32));
add("isSyncBlob", vault.isSyncBlob, new Uint8Array(3));

// migrate
const random = (seed) => (Math.sin(seed * 12.9898) * 43758.5453) % 1;
const many = (dim, space) =>
  Catalogue.from(
    Array.from({ length: 120 }, (_, row) => [
      `m${row}`,
      Array.from({ length: dim }, (_, axis) => random(row * 7 + (axis % 3) + 1)),
    ]),
    { dim, space },
  );
const from = await many(3, "one");
const to = await many(4, "two");
const BRIDGE = { minRetention: 0 };
add("fitBridge", migrate.fitBridge, from, to, BRIDGE);
let bridge;
try {
  bridge = migrate.fitBridge(from, to, BRIDGE);
} catch (error) {
  console.log("bridge", error.message);
}
if (bridge) add("bridge.convert", (...args) => bridge.convert(...args), [1, 0, 0]);
const oldSage = await openSage({ catalogue: from });
await oldSage.record({ item: "m1" });
const oldLog = await oldSage.export();
add("migrateLog", migrate.migrateLog, oldLog, from, to, BRIDGE);
add("migrateStore", migrate.migrateStore, memoryStore(), memoryStore(), from, to, BRIDGE);
add("rollback", migrate.rollback, memoryStore(), memoryStore());

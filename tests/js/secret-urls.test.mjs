// A query, a fragment or a user of a URL can be a signature or a password: no error of the package
// has one in its message, whatever fails, and no key of a cache has one.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Catalogue, init, openSage } from "pocketsage";
import { openPrivacy } from "pocketsage/privacy";
import { ohttpFetch, ohttpRelay } from "pocketsage/privacy/ohttp";
import { httpSource, openRanged } from "pocketsage/ranged";
import {
  cacheApiAnswers,
  chroma,
  elasticsearch,
  httpRetriever,
  milvus,
  pinecone,
  qdrant,
  typesense,
  withCache,
} from "pocketsage/remote";
import { openEmbedder } from "pocketsage/text";
import { edgeStore, sync } from "pocketsage/vault";
import { ohttpGateway } from "../../pkg/privacy/ohttp/index.js";
import { nameOfUrl, withoutSecrets } from "../../pkg/values/url.js";
import { buildRanged } from "./ranged-world.mjs";
import { smallCatalogue } from "./world.mjs";

const SIGNED = "https://host.example/folder/items.sage?sig=SECRET&b=SECRET#SECRET";
const HOSTS = [SIGNED, "https://two.example/v1/cells/xor?sig=SECRET"];

/** Ways in which fetch fails: each quotes the whole URL, as runtimes and servers do. */
const FAILURES = {
  "a rejection that quotes the URL": async (url) => {
    throw new TypeError(`Failed to parse URL from ${urlOf(url)}`);
  },
  "an error page that quotes the URL": async (url) =>
    new Response(`<html>Cannot GET ${urlOf(url).replaceAll("&", "&amp;")}</html>`, {
      status: 404,
      headers: { "content-type": "text/html" },
    }),
  "a page instead of data": async (url) => new Response(`Welcome to ${urlOf(url)}`),
};
const urlOf = (request) => String(request?.url ?? request);

const queries = [{ item: "a", vector: Float32Array.of(1, 0), count: 5 }];
const engine =
  (create, more = {}) =>
  async (fetch) => {
    const retriever = create({ url: SIGNED, fetch, dim: 2, ...more });
    const [answer] = await retriever.ask(queries);
    if (answer.status === "error") throw answer.error;
    return retriever.vectors(["a"]);
  };
const collection = { collection: "items" };
let ohttpKeys;
let catalogue;

/** Every call that takes a URL, with a `fetch` that fails. */
const CALLS = {
  "Catalogue.fetch": (fetch) => withGlobalFetch(fetch, () => Catalogue.fetch(SIGNED)),
  "Catalogue.fetch of a path": (fetch) =>
    withGlobalFetch(
      () => fetch(SIGNED),
      () => Catalogue.fetch("/folder/items.sage?sig=SECRET#SECRET"),
    ),
  openRanged: (fetch) => withGlobalFetch(fetch, () => openRanged(SIGNED)),
  httpSource: (fetch) => openRanged(httpSource(SIGNED, { fetch })),
  "openPrivacy: cells": (fetch) => openPrivacy({ ...cellsAt(SIGNED), transport: "plain", fetch }),
  "openPrivacy: hosts": (fetch) =>
    openPrivacy({ ...cellsAt(SIGNED), transport: "split", hosts: HOSTS, fetch }),
  ohttpFetch: (fetch) => ohttpFetch({ relay: SIGNED, keys: ohttpKeys, fetch })("https://t.example"),
  edgeStore: (fetch) => edgeStore({ url: SIGNED, token: "t", fetch }).list(),
  httpRetriever: engine(httpRetriever),
  chroma: engine(chroma, { collection: "00000000-0000-4000-8000-000000000000" }),
  elasticsearch: engine(elasticsearch, { index: "items", apiKey: "k" }),
  milvus: engine(milvus, collection),
  pinecone: engine(pinecone, { apiKey: "k" }),
  qdrant: engine(qdrant, collection),
  typesense: engine(typesense, { ...collection, apiKey: "k" }),
  "the option retriever of openSage": async (fetch) => {
    const sage = await openSage({ dim: 2, retriever: () => fetch(SIGNED).then(refuse) });
    await sage.record({ item: "a", vector: [1, 0] });
    return sage.recommend();
  },
  "the option vectors of openSage": async (fetch) => {
    const sage = await openSage({ dim: 2, vectors: () => fetch(SIGNED).then(refuse) });
    return sage.record({ item: "a" });
  },
  openEmbedder: (fetch) =>
    openEmbedder(catalogue, { embed: () => fetch(SIGNED).then(refuse) }).embed("a text"),
  "a blob store of sync": async (fetch) => {
    const blobs = { list: () => fetch(SIGNED).then(refuse), get: refuse, put: refuse };
    return sync(await openSage({ dim: 2 }), blobs, { passphrase: "p" });
  },
};
const refuse = () => {
  throw new Error(`refused by ${SIGNED}`);
};
const cellsAt = (url) => ({ mode: "cells", cells: { url }, interests: 1 });

/** Runs a call while the global fetch is another. */
async function withGlobalFetch(fetch, run) {
  const original = globalThis.fetch;
  globalThis.fetch = fetch;
  try {
    return await run();
  } finally {
    globalThis.fetch = original;
  }
}

before(async () => {
  await init();
  catalogue = await smallCatalogue();
  const gateway = await ohttpGateway({
    keys: [[1, new Uint8Array(32).fill(1)]],
    handle: async () => new Response(),
  });
  const reply = await gateway(new Request("https://gateway.example"));
  ohttpKeys = new Uint8Array(await reply.arrayBuffer());
});

describe("messages", () => {
  for (const [call, run] of Object.entries(CALLS))
    for (const [failure, fetch] of Object.entries(FAILURES))
      test(`${call}: ${failure}`, async () => {
        await assert.rejects(run(fetch), (error) => {
          assert.match(error.code, /^(retrieval|storage|corrupt)$/, error.stack);
          assert.doesNotMatch(error.message, /SECRET/);
          assert.ok(error.message.length <= 500);
          return true;
        });
      });

  for (const [name, run] of Object.entries({
    "openPrivacy: hosts of one origin": () =>
      openPrivacy({ ...cellsAt(SIGNED), transport: "split", hosts: [SIGNED, SIGNED] }),
    "ohttpFetch: a relay with a user": () =>
      ohttpFetch({ relay: "https://user:SECRET@relay.example/?a=SECRET", keys: ohttpKeys }),
    "ohttpRelay: another protocol": () => ohttpRelay({ gateway: "ftp://u:SECRET@h/?a=SECRET" }),
    "edgeStore: another protocol": () => edgeStore({ url: "ftp://h/?a=SECRET", token: "t" }),
    "Catalogue.fetch: no URL": () => Catalogue.fetch("https://user:SECRET@:x/?a=SECRET"),
  }))
    test(name, async () => {
      await assert.rejects(
        async () => run(),
        (error) => {
          assert.ok(error.code, error.stack);
          assert.doesNotMatch(error.message, /SECRET/);
          return true;
        },
      );
    });
});

test("the name of a URL", () => {
  for (const [url, name] of [
    [SIGNED, "https://host.example/folder/items.sage"],
    ["items.sage?sig=1", "items.sage"],
    ["/a/items.sage#x", "/a/items.sage"],
    ["https://user:password@host.example/a", "https://host.example/a"],
    ["https://host.example?x", "https://host.example"],
    ["https://cdn.example/npm/@scope/items@1.2.3/a.sage", undefined],
    ["C:\\data\\items.sage", undefined],
  ])
    assert.equal(nameOfUrl(url), name ?? url);
  assert.equal(nameOfUrl(new URL(SIGNED)), "https://host.example/folder/items.sage");
  assert.equal(nameOfUrl(`https://h/${"x".repeat(999)}`).length, 200);
  for (const text of ["what? yes: a = b #3", "item #5 of 7", "an e-mail: a@b.example"])
    assert.equal(withoutSecrets(text), text);
});

describe("keys of caches", () => {
  test("withCache: neither the query of the engine's address nor its text", async () => {
    const keys = [];
    const cache = {
      match: async (url) => void keys.push(decodeURIComponent(url)),
      put: async (url) => void keys.push(decodeURIComponent(url)),
    };
    const fetch = async () =>
      Response.json({ result: [{ points: [{ id: 1, score: 1 }] }], status: "ok" });
    const cached = (url) =>
      withCache(qdrant({ url, ...collection, fetch }), { store: cacheApiAnswers(cache) });
    await cached(SIGNED).ask([{ item: "1", count: 5 }]);
    const seen = keys.length;
    assert.ok(seen >= 1);
    await cached("https://other.example").ask([{ item: "1", count: 5 }]);
    assert.doesNotMatch(keys.join("\n"), /SECRET|host\.example/);
    assert.notEqual(keys[0], keys[seen], "another address has other keys");
  });

  test("openRanged: keys have no query; a file signed anew keeps its parts", async (t) => {
    const { bytes, vectors } = await buildRanged();
    const other = (await buildRanged({ seed: 2 })).bytes;
    const stored = new Map();
    const cache = {
      match: async (url) => stored.get(url)?.clone(),
      put: async (url, response) => void stored.set(url, response),
      delete: async (url) => stored.delete(url),
      keys: async () => [...stored.keys()].map((url) => ({ url })),
    };
    globalThis.caches = { open: async () => cache };
    t.after(() => delete globalThis.caches);
    let requests = 0;
    const serve = (content) => async (request) => {
      requests += 1;
      const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.get("range"));
      return new Response(content.slice(Number(first), Number(last) + 1), { status: 206 });
    };
    const search = async (query, content = bytes) => {
      requests = 0;
      const source = httpSource(`https://host.example/items.sage${query}`, {
        fetch: serve(content),
      });
      const ranged = await openRanged(source, { cache: true });
      const [hit] = await ranged.search(vectors[0], { count: 1 });
      ranged.close();
      await new Promise((resolve) => setTimeout(resolve, 20)); // writes of the cache
      return hit.item;
    };
    assert.equal(await search("?v=1&sig=SECRET"), "item-0");
    const cold = requests;
    assert.ok(stored.size > 0);
    assert.doesNotMatch([...stored.keys()].map(decodeURIComponent).join("\n"), /SECRET|sig|v=1/);
    assert.equal(await search("?v=1&sig=SECRET2"), "item-0");
    assert.ok(requests < cold, `${requests} requests, ${cold} without a cache`);
    const before = [...stored.keys()];
    await search("?v=2", other);
    const kept = before.filter((url) => stored.has(url));
    assert.deepEqual(kept, [], "parts of the earlier version are deleted");
  });
});

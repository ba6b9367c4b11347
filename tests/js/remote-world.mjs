// A server that misbehaves, a clock that can be turned, an engine that answers as it is told: for the tests of pocketsage/remote.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { chroma } from "pocketsage/remote";
import { DIM, vectorOf } from "./items.mjs";

export const COLLECTION = "00000000-0000-4000-8000-000000000000";
export const query = (item = "food-1", count = 3) => ({ item, vector: vectorOf(item), count });

/** An HTTP server whose every request `handle(request, response, body)` answers; ends with the test. */
export async function serve(t, handle) {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part)).on("end", () => handle(request, response, body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** A Chroma adapter that asks there. */
export const engineAt = (url, options) =>
  chroma({ url, collection: COLLECTION, dim: DIM, ...options });

/** Chroma's reply to one query, as its API documents it: ids and cosine distances. */
export const goodReply = (queries = 1) =>
  JSON.stringify({
    ids: Array(queries).fill(["a", "b", "c"]),
    distances: Array(queries).fill([0.1, 0.2, 0.3]),
  });

/** The one answer, which must be an error. */
export async function failure(retriever, more = {}) {
  const [answer] = await retriever.ask([{ ...query(), ...more }]);
  assert.equal(answer.status, "error", JSON.stringify(answer));
  assert.equal(answer.error.code, "retrieval");
  return answer.error;
}

/** A clock at 0 that moves when it is told to: `{ now, sleep, random, advance, slept }`. */
export function clock({ random = () => 0.5 } = {}) {
  let time = 0;
  const waiting = new Set();
  const slept = [];
  return {
    slept,
    world: {
      now: () => time,
      random,
      sleep: (milliseconds, signal) => {
        slept.push(milliseconds);
        return new Promise((resolve, reject) => {
          const entry = { at: time + milliseconds, resolve };
          waiting.add(entry);
          signal?.addEventListener("abort", () => {
            waiting.delete(entry);
            reject(signal.reason);
          });
        });
      },
    },
    async advance(milliseconds) {
      time += milliseconds;
      for (const entry of [...waiting].sort((a, b) => a.at - b.at)) {
        if (entry.at > time || !waiting.delete(entry)) continue;
        entry.resolve();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** A retriever that answers by `script`, one step a call: a list of answers, an error, or a function of the queries. */
export function scripted(...script) {
  const calls = [];
  const ask = async (queries, signal) => {
    calls.push(queries);
    const step = script[Math.min(calls.length, script.length) - 1];
    const said = typeof step === "function" ? await step(queries, signal) : step;
    if (Array.isArray(said)) return said;
    return queries.map(() => (said instanceof Error ? { status: "error", error: said } : said));
  };
  const engine = Object.assign(async () => [], {
    engine: "scripted",
    identity: "scripted",
    capabilities: { byId: "native", batch: true, maxK: 100, idKind: "string", filter: "none" },
    ask,
    vectors: async (items) => items.map(() => undefined),
    outbound: () => [],
  });
  return { engine, calls };
}

// Fixtures of the tests of pocketsage/remote: an HTTP server, a manual clock, a scripted engine.
import assert from "node:assert/strict";
import { chroma } from "pocketsage/remote";
import { listen } from "../../scripts/lib/http.mjs";
import { DIM, vectorOf } from "./items.mjs";

export const COLLECTION = "00000000-0000-4000-8000-000000000000";
export const query = (item = "food-1", count = 3) => ({ item, vector: vectorOf(item), count });

/** An HTTP server that calls `handle(request, response, body)`; closed after the test. */
export async function serve(t, handle) {
  const server = await listen((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part)).on("end", () => handle(request, response, body));
  });
  t.after(server.close);
  return server.origin;
}

/** A Chroma adapter for this URL. */
export const engineAt = (url, options) =>
  chroma({ url, collection: COLLECTION, dim: DIM, ...options });

/** Chroma's documented reply: ids and cosine distances of each query. */
export const goodReply = (queries = 1) =>
  JSON.stringify({
    ids: Array(queries).fill(["a", "b", "c"]),
    distances: Array(queries).fill([0.1, 0.2, 0.3]),
  });

/** The error of a single query, which must fail with code "retrieval". */
export async function failure(retriever, more = {}) {
  const [answer] = await retriever.ask([{ ...query(), ...more }]);
  assert.equal(answer.status, "error", JSON.stringify(answer));
  assert.equal(answer.error.code, "retrieval");
  return answer.error;
}

/**
 * A manual clock, at 0: `advance` moves it and wakes sleepers in order, `slept` has the requested
 * sleeps, `runtime` is the option for wrappers.
 */
export function clock({ random = () => 0.5 } = {}) {
  let time = 0;
  const waiting = new Set();
  const slept = [];
  return {
    slept,
    runtime: {
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

/**
 * A retriever that answers call n by step n of `script` (the last step repeats): a list of answers,
 * one answer or error for all queries, or a function of the queries that returns one of these.
 */
export function scripted(...script) {
  const calls = [];
  const ask = async (queries, signal) => {
    calls.push(queries);
    const step = script[Math.min(calls.length, script.length) - 1];
    const outcome = typeof step === "function" ? await step(queries, signal) : step;
    if (Array.isArray(outcome)) return outcome;
    return queries.map(() =>
      outcome instanceof Error ? { status: "error", error: outcome } : outcome,
    );
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

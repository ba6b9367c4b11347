// Shared by the tests of the Worker: one Worker per test file, whose engine is unreachable and
// whose fallback is a small catalogue, and helpers that read its replies.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { init } from "pocketsage";
import { NOW, smallCatalogue, vectorOf } from "../js/items.mjs";
import { makeCells, makeItems } from "../privacy/world.mjs";
import { startWorker } from "./worker.mjs";

/** Starts the Worker before the tests: `{ worker, catalogue, codebook, record }`. */
export function useWorker() {
  const fixture = {
    /** Sends actions of a user. */
    record: (user, actions, options = {}) =>
      fixture.worker.request("/v1/actions", { user, json: { actions }, ...options }),
  };
  before(
    async () => {
      await init();
      fixture.catalogue = await smallCatalogue();
      const { files, report } = await makeCells(makeItems(40), 4);
      fixture.codebook = report.codebook;
      fixture.worker = await startWorker({
        catalogue: fixture.catalogue.toBytes(),
        cells: files,
      });
    },
    { timeout: 120_000 },
  );
  after(async () => {
    await fixture.worker?.stop();
    fixture.catalogue?.close();
  });
  return fixture;
}

/** The JSON of a reply, which must have this status. */
export async function jsonOf(reply, status = 200) {
  const text = await reply.text();
  assert.equal(reply.status, status, text);
  return text === "" ? undefined : JSON.parse(text);
}

/** The error of a reply that failed because the engine is unreachable, or its breaker is open. */
export async function engineErrorOf(reply) {
  const text = await reply.text();
  assert.ok(reply.status === 502 || reply.status === 503, text);
  const { error } = JSON.parse(text);
  assert.equal(error.code, "retrieval");
  return error;
}

/** Actions on these items with their vectors, one minute apart, from NOW on. */
export const actionsOf = (...items) =>
  items.map((item, index) => ({
    item,
    at: NOW + index * 60_000,
    vector: Array.from(vectorOf(item)),
  }));

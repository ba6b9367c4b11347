// What the tests of the Worker share: one Worker a file, with the small catalogue behind an engine that is not there, and how its answers are read.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { init } from "pocketsage";
import { NOW, smallCatalogue, vectorOf } from "../js/items.mjs";
import { startWorker } from "./worker.mjs";

/** `{ worker, catalogue, record }`, there by the time the tests of this file run. */
export function useWorker() {
  const world = {
    /** Records actions of a user. */
    record: (user, actions, more = {}) =>
      world.worker.ask("/v1/actions", { user, json: { actions }, ...more }),
  };
  before(
    async () => {
      await init();
      world.catalogue = await smallCatalogue();
      world.worker = await startWorker({ catalogue: world.catalogue.toBytes() });
    },
    { timeout: 120_000 },
  );
  after(async () => {
    await world.worker?.stop();
    world.catalogue?.close();
  });
  return world;
}

/** The JSON of an answer, which must have this status. */
export async function said(reply, status = 200) {
  const text = await reply.text();
  assert.equal(reply.status, status, text);
  return text === "" ? undefined : JSON.parse(text);
}

/** The error of an answer when the engine is not there: it could not be reached, or is left alone because it could not be reached before. */
export async function engineIsGone(reply) {
  const text = await reply.text();
  assert.ok(reply.status === 502 || reply.status === 503, text);
  const { error } = JSON.parse(text);
  assert.equal(error.code, "retrieval");
  return error;
}

/** Actions on these items with their vectors, a minute apart from NOW on. */
export const actionsOf = (...items) =>
  items.map((item, index) => ({
    item,
    at: NOW + index * 60_000,
    vector: Array.from(vectorOf(item)),
  }));

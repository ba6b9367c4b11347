// pocketsage/vault: withdrawal of consent when a sage, a store or the channel fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "pocketsage";
import { consentGate } from "pocketsage/vault";
import { rejects } from "./world.mjs";

const fail = () => {
  throw new Error("broken");
};

/** A gate with a guarded store that has bytes. */
async function withStored() {
  const gate = consentGate({ given: true });
  const store = memoryStore();
  await gate.guardStore(store).save(new Uint8Array(3));
  return { gate, store };
}

test("a withdrawal after close() erases", async () => {
  const { gate, store } = await withStored();
  gate.close();
  gate.close();
  await gate.withdraw();
  assert.equal(await store.load(), undefined);
  assert.equal(gate.isGiven, false);
});

test("a sage whose methods throw does not keep its store from being cleared", async () => {
  const { gate, store } = await withStored();
  await gate.open(async () => ({ forget: fail, close: fail }));
  await gate.withdraw();
  assert.equal(await store.load(), undefined);
});

test("a store that throws does not keep the others from being cleared", async () => {
  const gate = consentGate({ given: true });
  const states = { isBroken: true };
  const clear = () => (states.isBroken ? fail() : Promise.resolve());
  gate.guardStore({ load: async () => undefined, save: async () => undefined, clear });
  const store = memoryStore();
  await gate.guardStore(store).save(new Uint8Array(3));
  await rejects(gate.withdraw(), "storage", /could not be cleared, call it again: Error: broken/);
  assert.equal(await store.load(), undefined);
  states.isBroken = false;
  await gate.withdraw();
});

test("values that are no stores, retrievers or sages are refused; a withdrawal works", async () => {
  const { gate, store } = await withStored();
  for (const value of [null, undefined, 5, {}, { load: fail }]) {
    await rejects(() => gate.guardStore(value), "option", /guardStore: expected an object with/);
    await rejects(() => gate.guardRetriever(value), "option", /expected a function/);
    await rejects(gate.open(value), "option", /open: expected a function/);
    await rejects(
      gate.open(async () => value),
      "option",
      /open: the sage/,
    );
  }
  for (const name of [null, 5, Symbol("name")])
    await rejects(() => consentGate({ given: true, name }), "option", /name: expected a string/);
  await gate.withdraw();
  assert.equal(await store.load(), undefined);
});

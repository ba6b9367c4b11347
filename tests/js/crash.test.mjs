// Traps in the core: one call fails, a new instance replaces the crashed one, and no data is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, cluster, openSage } from "pocketsage";
import loadCore, { CoreCatalogue } from "../../pkg/wasm/core.js";
import { trapNext } from "./traps.mjs";
import { actionsOn, DIM, NOW, rejects, smallCatalogue, vectorOf } from "./world.mjs";

test("a trap fails one call; catalogues and actions survive in a new instance", async () => {
  const catalogue = await smallCatalogue();
  const otherCatalogue = await smallCatalogue();
  const open = async () => {
    const sage = await openSage({ catalogue, now: () => NOW });
    await sage.record(actionsOn("food-1", "sport-1", "food-2"));
    return sage;
  };
  const expected = await (await open()).recommend();
  const sage = await open(); // one that has searched nothing yet
  const bytes = await sage.export();
  const { memory: old } = await loadCore();

  trapNext(CoreCatalogue.prototype, "search");
  const error = await rejects(
    sage.recommend(),
    "crashed",
    /memory access out of bounds.*bug in pocketsage/,
  );
  assert.ok(error.cause instanceof WebAssembly.RuntimeError);

  assert.notEqual((await loadCore()).memory, old, "the instance was replaced");
  assert.deepEqual(await sage.recommend(), expected);
  assert.deepEqual(await sage.export(), bytes);
  await sage.record({ item: "sport-2" });
  assert.equal((await sage.profile()).actions, 4);
  assert.equal(otherCatalogue.search(vectorOf("food-1"), { count: 1 })[0].item, "food-1");
  assert.equal(cluster(Float32Array.of(0, 0, 9, 9), { dim: 2, cut: { count: 2 } }).count, 2);
  catalogue.close();
  otherCatalogue.close();
  await rejects(() => catalogue.search(vectorOf("food-1")), "closed", /closed/);
});

test("50 traps in a row lose no data and leak no memory", async () => {
  const catalogue = await smallCatalogue();
  const bytes = catalogue.toBytes();
  for (let round = 0; round < 50; round++) {
    trapNext(CoreCatalogue.prototype, "search");
    await rejects(() => catalogue.search(vectorOf("food-1")), "crashed", /out of bounds/);
  }
  assert.deepEqual(catalogue.toBytes(), bytes);
  const { memory } = await loadCore();
  assert.ok(memory.buffer.byteLength < 8e6, `${memory.buffer.byteLength} bytes after 50 crashes`);
});

test("a catalogue that cannot be copied out of a crash is lost; new ones work", async () => {
  const lost = await smallCatalogue();
  trapNext(CoreCatalogue.prototype, "toBytes");
  // This call traps; the catalogue itself is copied out.
  await rejects(() => lost.toBytes(), "crashed", /out of bounds/);
  assert.equal(lost.size, 60);
  trapNext(CoreCatalogue.prototype, "search");
  const realToBytes = CoreCatalogue.prototype.toBytes;
  CoreCatalogue.prototype.toBytes = () => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  await rejects(() => lost.search(vectorOf("food-1")), "crashed", /out of bounds/);
  CoreCatalogue.prototype.toBytes = realToBytes;
  const error = await rejects(
    () => lost.search(vectorOf("food-1")),
    "crashed",
    /catalogue was lost in a crash: open it again/,
  );
  assert.match(error.cause.message, /unreachable/);
  lost.close();
  const fresh = await Catalogue.from([["a", vectorOf("food-1")]], { dim: DIM });
  assert.equal(fresh.search(vectorOf("food-1"))[0].item, "a");
});

test("a catalogue closed before the crash stays closed", async () => {
  const closed = await smallCatalogue();
  const other = await smallCatalogue();
  closed.close();
  trapNext(CoreCatalogue.prototype, "vectors");
  await rejects(() => other.vector("food-1"), "crashed", /./);
  await rejects(() => closed.has("food-1"), "closed", /./);
  assert.ok(other.has("food-1"));
});

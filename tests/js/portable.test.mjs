// The export as JSON: all that is stored, read back without loss; and limits of retention.
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, openSage } from "pocketsage";
import { openPrivacy } from "../../pkg/privacy/index.js";
import { encryptedStore, exportJson, importJson } from "../../pkg/vault/index.js";

const DAY = 86_400_000;
const START = 20_000 * DAY;
const open = (options = {}) => openSage({ dim: 2, now: () => START, ...options });

/** A sage with every kind of operation. */
async function openFilled(options) {
  const sage = await open(options);
  await sage.record([
    { item: "tea", vector: [1, 0], at: START - 3 },
    { item: "mug", vector: [0.1, 0.7], at: START - 2.5, kind: "save", weight: 2 },
    { item: "ball", vector: [0, 1], at: START - DAY },
    { item: "secret", vector: [1, 1], at: START - 1 },
  ]);
  await sage.hide("spam");
  await sage.record({ item: "ball", vector: [0, 1], weight: -1, at: START - 2 });
  await sage.boost("tea", 3);
  await sage.forget("secret");
  await sage.record({ item: "secret", vector: [1, 1], at: START });
  await sage.forget({ from: START - 10 * DAY, to: START - 5 * DAY });
  return sage;
}

test("an export is read back byte for byte, and adds nothing twice", async () => {
  const sage = await openFilled();
  const text = await exportJson(sage);
  const copy = await open();
  assert.equal(await importJson(copy, text), undefined);
  assert.deepEqual(await copy.export(), await sage.export());
  await importJson(copy, text);
  assert.deepEqual(await copy.export(), await sage.export());
  assert.equal(await exportJson(copy), text, "equal content, equal text");
});

test("an export has every action with readable times, every mark and every deletion", async () => {
  const { actions, marks, deletions, ...rest } = JSON.parse(await exportJson(await openFilled()));
  assert.deepEqual(rest, { format: "pocketsage-export", version: 1, dim: 2 });
  const tea = actions.find(({ item }) => item === "tea");
  assert.deepEqual(
    [tea.at, tea.time, tea.vector],
    [START - 3, new Date(START - 3).toISOString(), [1, 0]],
  );
  assert.deepEqual(actions.map(({ item }) => item).sort(), [
    "ball",
    "ball",
    "mug",
    "secret",
    "tea",
  ]);
  assert.deepEqual(marks.map(({ item, factor }) => [item, factor]).sort(), [
    ["spam", undefined],
    ["tea", 3],
  ]);
  assert.equal(deletions.length, 2);
});

test("a deletion in an export wins", async () => {
  const sage = await open();
  await sage.record([
    { item: "tea", vector: [1, 0] },
    { item: "mug", vector: [0, 1] },
  ]);
  const copy = await open();
  await importJson(copy, await exportJson(sage));
  await sage.forget("tea");
  await importJson(copy, await exportJson(sage));
  assert.deepEqual(
    (await copy.actions()).map(({ item }) => item),
    ["mug"],
  );
});

test("the ledger is part of an export on request", async () => {
  const privacy = await openPrivacy({ cells: undefined, catalogue: await emptyCatalogue() });
  await privacy.neverSend(["tea"]);
  const sage = await openFilled();
  const text = await exportJson(sage, { ledger: privacy.exportLedger() });
  const ledger = await importJson(await open(), text);
  const other = await openPrivacy({ catalogue: await emptyCatalogue() });
  await other.importLedger(ledger);
  assert.deepEqual(other.exportLedger(), privacy.exportLedger());
  const damaged = exportJson(sage, { ledger: new TextEncoder().encode("no") });
  await assert.rejects(damaged, { code: "corrupt", message: /expected .*, saw 2 other bytes/ });
  for (const ledger of ["{}", null, 5, {}])
    await assert.rejects(exportJson(sage, { ledger }), { code: "option" });
});

async function emptyCatalogue() {
  const { Catalogue } = await import("pocketsage");
  return Catalogue.from([["tea", [1, 0]]], { dim: 2 });
}

test("what is no export is refused, and nothing changes", async () => {
  const sage = await openFilled();
  const before = await sage.export();
  const document = JSON.parse(await exportJson(sage));
  const [first, ...others] = document.actions;
  const invalid = [
    ["", "corrupt"],
    ["[]", "corrupt"],
    ["null", "corrupt"],
    [{ ...document, format: "other" }, "corrupt"],
    [{ ...document, version: 2 }, "version"],
    [{ ...document, version: "1" }, "corrupt"],
    [{ ...document, dim: 3 }, "corrupt"],
    [{ ...document, dim: -1 }, "corrupt"],
    [{ ...document, actions: undefined }, "corrupt"],
    [{ ...document, actions: [null] }, "corrupt"],
    [{ ...document, actions: [{ ...first, vector: [1] }, ...others] }, "corrupt"],
    [{ ...document, actions: [{ ...first, vector: [1, "2"] }, ...others] }, "corrupt"],
    [{ ...document, actions: [{ ...first, at: "now" }, ...others] }, "corrupt"],
    [{ ...document, actions: [{ ...first, item: 7 }, ...others] }, "corrupt"],
    [{ ...document, actions: [{ ...first, device: "x" }, ...others] }, "corrupt"],
    [{ ...document, marks: [{ item: "tea" }] }, "corrupt"],
    [{ ...document, deletions: [{ all: true }] }, "corrupt"],
  ];
  for (const [given, code] of invalid) {
    const text = typeof given === "string" ? given : JSON.stringify(given);
    await assert.rejects(importJson(sage, text), { code }, text.slice(0, 120));
  }
  // Ids that `record` refuses: a log that has them could never be searched.
  for (const item of ["", "\ud800", "x".repeat(70_000), 7]) {
    const text = JSON.stringify({ ...document, actions: [others[0], { ...first, item }] });
    const message = /actions\[1\]: expected .*, saw "\{.*Nothing was changed/;
    await assert.rejects(importJson(sage, text), ({ code, message: seen }) => {
      assert.equal(code, "corrupt");
      assert.match(seen, message);
      return seen.length < 500 && !seen.includes("set-aside");
    });
  }
  assert.deepEqual(await sage.export(), before);
});

test("limits of retention reach the bytes of the store, sealed or not", async () => {
  for (const seal of [(store) => store, (store) => encryptedStore(store, { passphrase: "a b" })]) {
    const disk = memoryStore();
    let time = START;
    const now = () => time;
    const options = { store: seal(disk), maxAgeDays: 30, maxActions: 3, now };
    const sage = await open(options);
    await sage.record(
      ["a", "b", "c", "d"].map((item, index) => ({ item, vector: [1, index], at: START + index })),
    );
    const itemsOf = async () => (await sage.actions()).map(({ item }) => item).sort();
    assert.deepEqual(await itemsOf(), ["b", "c", "d"], "the newest three");
    time = START + 32 * DAY;
    await sage.record({ item: "new", vector: [0, 1] });
    assert.deepEqual(await itemsOf(), ["new"], "30 days");
    await sage.close();
    const reader = await open({ store: seal(disk), now });
    assert.deepEqual(
      JSON.parse(await exportJson(reader)).actions.map(({ item }) => item),
      ["new"],
      "deleted, not only hidden",
    );
    await reader.close();
  }
});

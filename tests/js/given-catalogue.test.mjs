// A catalogue argument of another type is a SageError in every entry that takes one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, init, isSageError, memoryStore } from "pocketsage";
import { fitBridge, migrateStore } from "pocketsage/migrate";
import { nameInterests } from "pocketsage/names";
import { openPrivacy } from "pocketsage/privacy";
import { openEmbedder, openSageText, openText } from "pocketsage/text";

await init();
const catalogue = await Catalogue.from([["a", [1, 0]]], { dim: 2 });
const embed = () => [1, 0];
const calls = {
  fitBridge: (given) => fitBridge(given, catalogue),
  "fitBridge, second": (given) => fitBridge(catalogue, given),
  migrateStore: (given) => migrateStore(memoryStore(), memoryStore(), catalogue, given),
  nameInterests: (given) => nameInterests({ interests: [] }, given),
  openEmbedder: (given) => openEmbedder(given, { embed }),
  openPrivacy: (given) => openPrivacy({ mode: "local", catalogue: given }),
  openSageText: (given) => openSageText({}, given, {}),
  openText: (given) => openText(given),
};
for (const [name, call] of Object.entries(calls))
  for (const given of [null, 7, "items.sage", {}, new Uint8Array(64)])
    test(`${name} refuses ${JSON.stringify(given).slice(0, 20)}`, async () => {
      await assert.rejects(
        async () => call(given),
        (error) => isSageError(error) && error.code === "option" && error.message.length <= 500,
      );
    });

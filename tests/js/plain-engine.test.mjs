// An engine without weak references and finalization, as Cloudflare Workers of older compatibility dates are.
import assert from "node:assert/strict";
import { test } from "node:test";

void globalThis.Request; // Node's own fetch needs them, and is loaded when it is first named
delete globalThis.WeakRef;
delete globalThis.FinalizationRegistry;

test("without WeakRef and FinalizationRegistry all is the same; catalogues go when they are closed", async () => {
  const { smallCatalogue, actionsOn, rejects } = await import("./world.mjs");
  const { openSage } = await import("pocketsage");
  const catalogue = await smallCatalogue();
  const sage = await openSage({ catalogue });
  await sage.record(actionsOn("food-1", "sport-1"));
  assert.equal((await sage.recommend({ count: 4 })).length, 4);
  catalogue.close();
  await rejects(sage.recommend(), "closed", /closed/);
});

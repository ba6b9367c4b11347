// A JavaScript engine without WeakRef and FinalizationRegistry, like Cloudflare Workers of older
// compatibility dates.
import assert from "node:assert/strict";
import { test } from "node:test";

void globalThis.Request; // loads Node's fetch, which needs both
delete globalThis.WeakRef;
delete globalThis.FinalizationRegistry;

test("sages and catalogues work without WeakRef and FinalizationRegistry", async () => {
  const { smallCatalogue, actionsOn, rejects } = await import("./world.mjs");
  const { openSage } = await import("pocketsage");
  const catalogue = await smallCatalogue();
  const sage = await openSage({ catalogue });
  await sage.record(actionsOn("food-1", "sport-1"));
  assert.equal((await sage.recommend({ count: 4 })).length, 4);
  catalogue.close();
  await rejects(sage.recommend(), "closed", /closed/);
});

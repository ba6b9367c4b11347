// The installed package in a Cloudflare Worker. tests/workerd tests more of the runtime; this tests
// that the tarball is sufficient.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Miniflare } from "miniflare";
import { bundle } from "../workerd/bundle.mjs";
import { actions, createProject, expectedResult, now, PROGRAM_SOURCE } from "./consumer.mjs";

test("a Worker gives the same result as Node", { timeout: 120_000 }, async () => {
  const { path, put } = await createProject();
  const entry = await put(
    "worker.mjs",
    `import * as pocketsage from "pocketsage";
     const program = ${PROGRAM_SOURCE};
     export default {
       async fetch(request, env) {
         const bytes = new Uint8Array(env.EMOJI);
         return Response.json(await program(pocketsage, bytes, await request.json(), ${now}));
       },
     };`,
  );
  const { modules } = await bundle(entry);
  const miniflare = new Miniflare({
    modules,
    dataBlobBindings: {
      EMOJI: await readFile(join(path, "node_modules/pocketsage/pkg/emoji.sage")),
    },
    ...{ compatibilityDate: "2026-04-01", host: "127.0.0.1", port: 0, cf: false },
  });
  try {
    const response = await miniflare.dispatchFetch("http://worker/", {
      method: "POST",
      body: JSON.stringify(actions),
    });
    assert.equal(response.status, 200, await response.clone().text());
    assert.deepEqual(await response.json(), await expectedResult());
  } finally {
    await miniflare.dispose();
  }
});

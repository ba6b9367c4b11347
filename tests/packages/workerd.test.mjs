// The installed package in a Cloudflare Worker: tests/workerd asks more, this one asks whether the tarball has all it takes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Miniflare } from "miniflare";
import { bundle } from "../workerd/bundle.mjs";
import { actions, expected, now, PROGRAM, project } from "./project.mjs";

test("the same answer as Node", { timeout: 120_000 }, async () => {
  const { path, put } = await project();
  const entry = await put(
    "worker.mjs",
    `import * as pocketsage from "pocketsage";
     export default {
       async fetch(request, env) {
         const program = ${PROGRAM};
         return Response.json(await program(pocketsage, new Uint8Array(env.EMOJI), await request.json(), ${now}));
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
    assert.deepEqual(await response.json(), await expected());
  } finally {
    await miniflare.dispose();
  }
});

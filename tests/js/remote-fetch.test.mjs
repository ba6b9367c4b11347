// Who can reach the network: one place that downloads, one that asks engines. Everything that leaves goes through them.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const source = new URL("../../ts/", import.meta.url);

test("fetch, sockets and their kin are named in two files alone", async () => {
  const names = (await readdir(source, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const reach = [];
  for (const name of names) {
    const code = (await readFile(new URL(name, source), "utf8")).replace(
      /\/\*[^]*?\*\/|\/\/.*$/gm,
      "",
    );
    if (
      /(?<![.\w])fetch\(|globalThis\.fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|WebTransport|node:(https?|net|tls|dgram)/.test(
        code,
      )
    )
      reach.push(name);
  }
  assert.deepEqual(reach.sort(), ["catalogue.ts", "download.ts", "remote/http.ts"]); // catalogue.ts declares the method Catalogue.fetch
});

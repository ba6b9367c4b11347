// The wasm loads once per process, so these tests depend on their order.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as sage from "pocketsage";
import { rejects } from "./world.mjs";

const { buildProfile, cluster, init, openSage, project, ward } = sage;
const wasm = new URL("../../pkg/wasm/core_bg.wasm", import.meta.url);

test("synchronous functions before init() throw not-ready and name the remedy", async () => {
  const calls = [
    () => cluster(new Float32Array(4), { dim: 2 }),
    () => ward(new Float32Array(4), { dim: 2 }),
    () => buildProfile([], { dim: 2, now: 0 }),
    () => project(new Float32Array(4), { dim: 2 }),
  ];
  for (const call of calls) await rejects(call, "not-ready", /await init\(\)/);
});

test("a failed load rejects not-ready, and a later call tries again", async () => {
  await rejects(
    init(Promise.reject(new TypeError("fetch failed"))),
    "not-ready",
    /could not be loaded.*retry.*fetch failed/,
  );
  await rejects(init(new Uint8Array([0, 1, 2, 3])), "not-ready", /could not be loaded/);
  await rejects(init(new URL("nowhere.wasm", wasm)), "not-ready", /nowhere\.wasm/);
  await rejects(() => cluster(new Float32Array(4), { dim: 2 }), "not-ready", /await init/);
});

test("a download that fails before the wasm does leaves no rejection unhandled", async () => {
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  let fail;
  // The promise of this `init` is the one that Catalogue.fetch has: the test does not handle it.
  const core = await import("../../pkg/core/glue.js");
  core.init(
    new Promise((_, reject) => {
      fail = reject;
    }),
  );
  await rejects(sage.Catalogue.fetch("http://127.0.0.1:1/x.sage"), "retrieval", /bad port/);
  fail(new TypeError("fetch failed"));
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
});

test("the error names what was loaded instead of the wasm", async () => {
  const page = new TextEncoder().encode("<!doctype html><title>Not found</title>");
  await rejects(init(page), "not-ready", /that is not wasm, perhaps a web page; .*inline"/);
  await rejects(
    init("/assets/core_bg.wasm"),
    "not-ready",
    /a server has no page.*relative address \/assets\/core_bg\.wasm.*pass nothing to init\(\)/,
  );
  // The words of Firefox and of Safari.
  for (const words of [
    "wasm validation error: at offset 4: failed to match magic number",
    "WebAssembly.Module doesn't start with '\\0asm'",
  ])
    await rejects(
      init(Promise.reject(new WebAssembly.CompileError(words))),
      "not-ready",
      /perhaps a web page/,
    );
});

test("where the platform forbids compiling wasm, the error names what allows it", async () => {
  // The words of Chromium, Firefox, Safari and workerd.
  for (const refusal of [
    "WebAssembly.instantiateStreaming(): Refused to compile or instantiate WebAssembly module " +
      "because 'unsafe-eval' is not an allowed source of script in the following Content " +
      "Security Policy directive: \"script-src 'self'\"",
    "call to WebAssembly.instantiateStreaming() blocked by CSP",
    "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not " +
      "an allowed source of script",
    "WebAssembly.instantiate(): Wasm code generation disallowed by embedder",
  ]) {
    const error = await rejects(
      init(Promise.reject(new WebAssembly.CompileError(refusal))),
      "not-ready",
      /Content-Security-Policy must allow script-src 'wasm-unsafe-eval'.*compiled module/,
    );
    assert.ok(error.message.length <= 500, error.message);
  }
});

test("concurrent calls share one load", async () => {
  let loads = 0;
  const source = async () => {
    loads += 1;
    return readFile(wasm);
  };
  const first = init(source());
  const second = init();
  assert.equal(first, second);
  await Promise.all([first, second]);
  assert.equal(loads, 1);
});

test("init() after a load does nothing and ignores its source", async () => {
  await init();
  await init(new Uint8Array(3));
  assert.equal(cluster(Float32Array.of(0, 0, 1, 1), { dim: 2, cut: { count: 2 } }).count, 2);
});

test("openSage works without init()", async () => {
  const opened = await openSage({ dim: 2 });
  assert.deepEqual((await opened.profile()).interests, []);
});

test("importing needs neither TextDecoder nor TextEncoder", async () => {
  const program = `
    const { TextDecoder, TextEncoder } = globalThis;
    delete globalThis.TextDecoder;
    delete globalThis.TextEncoder;
    const { cluster, Catalogue, init } = await import("pocketsage");
    Object.assign(globalThis, { TextDecoder, TextEncoder });
    await init();
    const catalogue = await Catalogue.from([["\u00e9", Float32Array.of(1)]], { dim: 1 });
    console.log(catalogue.search(Float32Array.of(1))[0].item, catalogue.has("\u00e9"));
  `;
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", program],
    { cwd: root },
  );
  assert.equal(stdout, "\u00e9 true\n");
});

test("the entry exports exactly these names", () => {
  assert.deepEqual(Object.keys(sage).sort(), [
    ...[
      "Catalogue",
      "LIMITS",
      "SageError",
      "buildProfile",
      "cluster",
      "connectSage",
      "indexedDbStore",
      "init",
    ],
    ...["isSageError", "memoryStore", "openSage", "project", "serveSage", "setMemoryBudget"],
    "ward",
  ]);
});

test("loading in Node does not load its fetch, which takes 20 ms", async () => {
  const program = `
    import { init } from "pocketsage";
    const nameOfFetch = (name) => name.includes("undici");
    const before = process.moduleLoadList.some(nameOfFetch);
    await init();
    console.log(before, process.moduleLoadList.some(nameOfFetch));
    Response.error();
    console.log(process.moduleLoadList.some(nameOfFetch));`;
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const flags = ["--no-warnings", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd });
  assert.equal(stdout, "false false\ntrue\n");
});

test("in a page, init() prepares the first call when the page is idle", async () => {
  const program = `
    const tasks = [];
    globalThis.requestIdleCallback = (task) => tasks.push(task);
    const { cluster, init } = await import("pocketsage");
    await init();
    console.log(tasks.length, cluster(Float32Array.of(0, 1), { dim: 1 }).count);
    for (const task of tasks) task();
    console.log(cluster(Float32Array.of(0, 1), { dim: 1 }).count);`;
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const flags = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd });
  assert.equal(stdout, "2 2\n2\n");
});

// The Worker of edge/, bundled as `wrangler deploy` uploads it, running in workerd.
import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { Miniflare } from "miniflare";
import { assertDocumented } from "./openapi.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The token keys of the Workers under test, by key id. */
export const KEYS = { first: "A".repeat(43), second: "B".repeat(43) };

const bundles = new Map();
/**
 * The modules that `wrangler deploy` uploads, and their total size gzipped, in bytes. The bundle is
 * cached in target/edge/ until a source file changes. `entry` replaces edge/src/index.ts.
 */
export function bundle(entry = "") {
  if (!bundles.has(entry)) bundles.set(entry, createBundle(entry));
  return bundles.get(entry);
}

async function createBundle(entry) {
  const folders = new Set(["edge", "pkg", "tests/edge", ...(entry ? [dirname(entry)] : [])]);
  const fingerprint = await fingerprintOf(...folders);
  const folder = join(root, "target", "edge", `${fingerprint}${entry.replace(/\W/g, "-")}`);
  if (!existsSync(folder)) await runWrangler(entry, folder);
  const names = (await readdir(folder)).filter((name) => /\.(js|wasm)$/.test(name));
  const files = await Promise.all(
    names.map(async (name) => ({ name, contents: await readFile(join(folder, name)) })),
  );
  const modules = files.map(({ name, contents }) => ({
    type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
    path: name,
    contents,
  }));
  modules.sort((a) => (a.type === "ESModule" ? -1 : 1)); // the first module is the entry
  return {
    modules,
    gzip: files.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0),
  };
}

async function runWrangler(entry, folder) {
  const unfinished = `${folder}-${process.pid}`;
  const wrangler = join(root, "node_modules", ".bin", "wrangler");
  const entryArgs = entry === "" ? [] : [join(root, entry)];
  await promisify(execFile)(
    wrangler,
    ["deploy", ...entryArgs, "--config", "wrangler.jsonc", "--dry-run", "--outdir", unfinished],
    {
      cwd: join(root, "edge"),
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" },
      maxBuffer: 16 << 20,
    },
  );
  // Another test process may have finished first.
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
}

/** A hash of the names, times and sizes of all files in these folders. */
async function fingerprintOf(...folders) {
  const hash = createHash("sha256");
  for (const folder of folders) {
    for (const name of (await readdir(join(root, folder), { recursive: true })).sort()) {
      if (/\.wrangler|node_modules/.test(name)) continue;
      const { mtimeMs, size } = await stat(join(root, folder, name));
      hash.update(`${name} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Miniflare's options for the Durable Objects of the Worker. */
export const DURABLE_OBJECTS = {
  USERS: { className: "UserObject", useSQLite: true },
  CELLS: { className: "CellShard", useSQLite: true },
  SYNC: { className: "BlobObject", useSQLite: true },
};

/**
 * Miniflare counts requests per minute of the clock and starts from 0 at the next one, in the
 * middle of a test too. Waits for the next minute when fewer than 20 seconds are left of this one.
 */
async function waitForRoomInMinute() {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 20_000) await new Promise((resolve) => setTimeout(resolve, left));
}

/** The static files of a Worker: public/catalogue.sage, and the files of cells by name. */
function assetsOf(catalogue, cells) {
  return async (request) => {
    const { pathname } = new URL(request.url);
    const cell = cells?.get(pathname.replace("/cells/", ""));
    const bytes = pathname === "/catalogue.sage" ? catalogue : cell;
    return new Response(bytes ?? null, { status: bytes || !cells ? 200 : 404 });
  };
}

/**
 * Starts a Worker. `bindings` are merged into the defaults, whose engine is unreachable;
 * `catalogue` is the bytes of public/catalogue.sage, `cells` the files of public/cells; `limit` the
 * requests per minute; other options are Miniflare's.
 */
export async function startWorker({
  bindings = {},
  catalogue,
  cells,
  limit = 100_000,
  entry,
  ...options
} = {}) {
  const { modules } = await bundle(entry);
  const output = [];
  const miniflare = new Miniflare({
    modules,
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
    durableObjects: DURABLE_OBJECTS,
    ratelimits: { LIMIT: { simple: { limit, period: 60 } } },
    bindings: {
      ORIGINS: "https://shop.example https://other.example",
      AUDIENCE: "pocketsage",
      DIM: "8",
      ENGINE: "chroma",
      ENGINE_OPTIONS: JSON.stringify({
        url: "http://127.0.0.1:1",
        collection: "00000000-0000-4000-8000-000000000000",
      }),
      TOKEN_KEYS: JSON.stringify(KEYS),
      ...bindings,
    },
    ...(catalogue || cells ? { serviceBindings: { ASSETS: assetsOf(catalogue, cells) } } : {}),
    handleRuntimeStdio: (stdout, stderr) => {
      for (const stream of [stdout, stderr])
        stream.setEncoding("utf8").on("data", (text) => output.push(text));
    },
    host: "127.0.0.1",
    port: 0,
    cf: false,
    ...options,
  });
  const url = await miniflare.ready;
  if (limit < 100) await waitForRoomInMinute();
  let document;
  let stopping;
  return {
    url,
    /** Everything the Worker has logged. */
    log: () => output.join(""),
    /** Resolves when the log matches; rejects after 2 seconds. */
    async waitForLog(pattern) {
      for (let attempt = 0; attempt < 50; attempt += 1) {
        if (pattern.test(output.join(""))) return;
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      throw new Error(`the log does not match ${pattern}:\n${output.join("").slice(-2000)}`);
    },
    /**
     * Sends a request with a token of `user` (null: no token) or with `token`. The reply must be
     * described in the OpenAPI document of the Worker.
     */
    async request(path, { user = "alice", token, method, json, body, headers = {} } = {}) {
      const bearer = token ?? (user === null ? undefined : await mint({ sub: user }));
      const target = new URL(path, url);
      const verb = method ?? (json === undefined && body === undefined ? "GET" : "POST");
      const reply = await fetch(target, {
        method: verb,
        headers: {
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(json === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(json === undefined
          ? body === undefined
            ? {}
            : { body, duplex: "half" }
          : { body: JSON.stringify(json) }),
      });
      if (entry === undefined) {
        document ??= await (await fetch(new URL("/openapi.json", url))).json();
        await assertDocumented(document, verb, target, reply);
      }
      return reply;
    },
    stop: () => (stopping ??= miniflare.dispose()),
  };
}

const HASHES = { HS256: "sha256", HS384: "sha384", HS512: "sha512" };

/**
 * A token with these claims over the defaults, valid for ten minutes. It is made without a JWT
 * library, so that it can be invalid: `alg` "none" leaves the signature empty, and an algorithm
 * without a hash in HASHES is signed as HS256.
 */
export async function mint(
  claims = {},
  { kid = "first", secret = KEYS[kid], alg = "HS256", header = {} } = {},
) {
  const now = Math.floor(Date.now() / 1000);
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const payload = { aud: "pocketsage", iat: now, exp: now + 600, ...claims };
  const signed = `${encode({ alg, typ: "JWT", kid, ...header })}.${encode(payload)}`;
  if (alg === "none") return `${signed}.`;
  const hmac = createHmac(HASHES[alg] ?? "sha256", Buffer.from(secret, "base64url"));
  return `${signed}.${hmac.update(signed).digest("base64url")}`;
}

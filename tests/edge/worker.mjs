// The Worker of edge/ as wrangler bundles it for deployment, running in workerd.
import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { Miniflare } from "miniflare";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const KEYS = { first: "A".repeat(43), second: "B".repeat(43) };

let bundled;
/** The modules that `wrangler deploy` would upload, and their bytes gzipped. Bundled once for all files of tests, as long as nothing changes. */
export function bundle() {
  bundled ??= (async () => {
    const out = join(root, "target", "edge", await stateOf("edge", "pkg"));
    if (!existsSync(out)) await bundleInto(out);
    const names = (await readdir(out)).filter((name) => /\.(js|wasm)$/.test(name));
    const files = await Promise.all(
      names.map(async (name) => ({ name, contents: await readFile(join(out, name)) })),
    );
    const modules = files.map(({ name, contents }) => ({
      type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
      path: name,
      contents,
    }));
    modules.sort((a) => (a.type === "ESModule" ? -1 : 1));
    return {
      modules,
      gzip: files.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0),
    };
  })();
  return bundled;
}

async function bundleInto(out) {
  const unfinished = `${out}-${process.pid}`;
  const wrangler = join(root, "node_modules", ".bin", "wrangler");
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" };
  await promisify(execFile)(wrangler, ["deploy", "--dry-run", "--outdir", unfinished], {
    cwd: join(root, "edge"),
    env,
    maxBuffer: 16 << 20,
  });
  await rename(unfinished, out).catch(() => rm(unfinished, { recursive: true })); // another was faster
}

/** A name for what these folders hold now. */
async function stateOf(...folders) {
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

/** A running Worker: `ask(path, options)`, what it logged, and how to end it. `bindings` and `options` change the defaults. */
export async function startWorker({ bindings = {}, catalogue, limit = 100_000, ...options } = {}) {
  const { modules } = await bundle();
  const logged = [];
  const miniflare = new Miniflare({
    modules,
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
    durableObjects: { TASTES: { className: "UserTaste", useSQLite: true } },
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
    ...(catalogue
      ? {
          serviceBindings: {
            ASSETS: async (request) =>
              new Response(new URL(request.url).pathname === "/catalogue.sage" ? catalogue : null),
          },
        }
      : {}),
    handleRuntimeStdio: (stdout, stderr) => {
      for (const stream of [stdout, stderr])
        stream.setEncoding("utf8").on("data", (text) => logged.push(text));
    },
    host: "127.0.0.1",
    port: 0,
    cf: false,
    ...options,
  });
  const url = await miniflare.ready;
  return {
    url,
    logged: () => logged.join(""),
    /** Waits until something like this was logged. */
    async log(pattern) {
      for (let turn = 0; turn < 50; turn += 1) {
        if (pattern.test(logged.join(""))) return;
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      throw new Error(`nothing like ${pattern} was logged, but\n${logged.join("").slice(-2000)}`);
    },
    /** Asks as a user; `user: null` sends no token, `token` sends this one. */
    async ask(path, { user = "alice", token, method, json, body, headers = {} } = {}) {
      const bearer = token ?? (user === null ? undefined : await mint({ sub: user }));
      return fetch(new URL(path, url), {
        method: method ?? (json === undefined && body === undefined ? "GET" : "POST"),
        headers: {
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(json === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(json === undefined
          ? body === undefined
            ? {}
            : { body }
          : { body: JSON.stringify(json) }),
      });
    },
    stop: () => miniflare.dispose(),
  };
}

/** A token as any JWT library makes it. */
export async function mint(
  claims = {},
  { kid = "first", secret = KEYS[kid], alg = "HS256", header = {} } = {},
) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg, typ: "JWT", kid, ...header })}.${part({ aud: "pocketsage", iat: now, exp: now + 600, ...claims })}`;
  return `${signed}.${alg === "none" ? "" : createHmac("sha256", Buffer.from(secret, "base64url")).update(signed).digest("base64url")}`;
}

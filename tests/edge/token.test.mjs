// Tokens: which ones the Worker accepts, and keys and tokens made by mint.mjs.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { actionsOf, jsonOf, useWorker } from "./fixture.mjs";
import { KEYS, mint, startWorker } from "./worker.mjs";

const edge = useWorker();

/** Asserts that a profile request with this token is a 401 with this reason. */
async function refused(token, reason) {
  const reply = await edge.worker.request("/v1/profile", { user: null, token });
  const { error } = await jsonOf(reply, 401);
  assert.equal(error.code, "token");
  assert.match(error.message, reason);
  assert.match(reply.headers.get("www-authenticate"), /^Bearer/);
}

test("missing, forged, expired and otherwise invalid tokens are refused", async () => {
  const now = Math.floor(Date.now() / 1000);
  const bad = [
    ["missing", undefined],
    ["one part", "abc"],
    ["three parts that are not JSON", "a.b.c"],
    ["signed with another key", await mint({ sub: "alice" }, { secret: KEYS.second })],
    [
      "with a replaced payload",
      (await mint({ sub: "alice" })).replace(
        /\.[^.]+\./,
        `.${(await mint({ sub: "bob" })).split(".")[1]}.`,
      ),
    ],
    ["expired", await mint({ sub: "alice", iat: now - 1000, exp: now - 120 })],
    ["valid for a day", await mint({ sub: "alice", exp: now + 86_400 })],
    ["of another audience", await mint({ sub: "alice", aud: "elsewhere" })],
    ["without exp", await mint({ sub: "alice", exp: undefined })],
    ["with iat in the future", await mint({ sub: "alice", iat: now + 600, exp: now + 900 })],
    ["with an unknown kid", await mint({ sub: "alice" }, { kid: "third", secret: KEYS.first })],
    [
      "with the kid __proto__",
      await mint({ sub: "alice" }, { kid: "__proto__", secret: KEYS.first }),
    ],
    ["with alg none and no signature", await mint({ sub: "alice" }, { alg: "none" })],
    ["with an empty sub", await mint({ sub: "" })],
  ];
  for (const [name, token] of bad) {
    const { error } = await jsonOf(
      await edge.worker.request("/v1/profile", { user: null, token }),
      401,
    );
    assert.equal(error.code, "token", name);
  }
});

test("clocks may differ by half a minute, and both keys of a rotation are valid", async () => {
  const now = Math.floor(Date.now() / 1000);
  for (const token of [
    await mint({ sub: "skewed", iat: now + 30, exp: now + 300 }),
    await mint({ sub: "skewed", iat: now - 300, exp: now - 30 }),
    await mint({ sub: "skewed" }, { kid: "second" }),
  ]) {
    await jsonOf(await edge.worker.request("/v1/profile", { token }));
  }
});

test("a token without sub is valid for /v1/retrieve only", async () => {
  const token = await mint();
  assert.equal(
    (await jsonOf(await edge.worker.request("/v1/profile", { token }), 403)).error.code,
    "user",
  );
  const { answers } = await jsonOf(
    await edge.worker.request("/v1/retrieve", {
      token,
      json: { count: 3, medoids: [{ item: "food-1" }] },
    }),
  );
  assert.equal(answers[0].hits.length, 3);
});

test("a token gives access to the data of its own sub only", async () => {
  await jsonOf(await edge.record("owner", actionsOf("food-1")), 201);
  assert.equal(
    (await jsonOf(await edge.worker.request("/v1/profile?user=owner", { user: "other" }), 400))
      .error.code,
    "body",
  );
  assert.equal(
    (await jsonOf(await edge.worker.request("/v1/profile", { user: "other" }))).actions,
    0,
  );
  const body = { user: "owner", actions: actionsOf("food-2") };
  assert.match(
    (await jsonOf(await edge.worker.request("/v1/actions", { user: "other", json: body }), 400))
      .error.message,
    /user/,
  );
});

test("aud may be a list, nbf is respected, and critical extensions are refused", async () => {
  const now = Math.floor(Date.now() / 1000);
  const status = async (claims, options) =>
    (
      await edge.worker.request("/v1/profile", {
        token: await mint({ sub: "picky", ...claims }, options),
      })
    ).status;
  assert.equal(await status({ aud: ["elsewhere", "pocketsage"] }), 200);
  assert.equal(await status({ aud: ["elsewhere"] }), 401);
  assert.equal(await status({ nbf: now - 5 }), 200);
  assert.equal(await status({ nbf: now + 300 }), 401);
  assert.equal(await status({ nbf: "soon" }), 401);
  assert.equal(await status({}, { header: { crit: ["b64"] } }), 401);
});

test("missing or short TOKEN_KEYS: every request fails with the remedy", async (t) => {
  for (const keys of ["", "secret", "{}", '{"first":"too-short"}']) {
    const worker = await startWorker({ bindings: { TOKEN_KEYS: keys } });
    t.after(() => worker.stop());
    const { error } = await jsonOf(await worker.request("/v1/profile"), 500);
    assert.equal(error.code, "settings");
    assert.match(error.message, /^TOKEN_KEYS.*mint\.mjs key/);
    assert.ok(!error.message.includes("too-short"));
  }
});

test("HS256 is the only algorithm", async () => {
  for (const alg of ["none", "None", "HS384", "HS512", "RS256", "ES256", "EdDSA", "", 5, null])
    await refused(await mint({ sub: "alice" }, { alg }), /not HS256|not a JSON Web Token/);
  // A valid HS256 signature under a header with another alg, and a header without alg.
  await refused(
    await mint({ sub: "alice" }, { header: { alg: "none" } }),
    /not HS256|not a JSON Web Token/,
  );
  await refused(await mint({ sub: "alice" }, { header: { alg: undefined } }), /not a JSON Web/);
});

test("kid must be a key id of TOKEN_KEYS", async () => {
  for (const kid of [undefined, null, "", "third", "constructor", 1, ["first"], { first: 1 }])
    await refused(await mint({ sub: "alice" }, { header: { kid } }), /kid/);
});

test("iat and exp must be numbers at most an hour apart", async () => {
  const now = Math.floor(Date.now() / 1000);
  await refused(await mint({ sub: "alice", iat: undefined }), /no iat/);
  await refused(await mint({ sub: "alice", exp: undefined }), /no exp/);
  await refused(await mint({ sub: "alice", iat: String(now) }), /iat/);
  await refused(await mint({ sub: "alice", exp: String(now + 60) }), /exp/);
  await refused(await mint({ sub: "alice", iat: null, exp: null }), /iat|exp/);
  await refused(await mint({ sub: "alice", iat: now, exp: now + 3601 }), /lifetime/);
  await refused(await mint({ sub: "alice", iat: now - 7200, exp: now + 60 }), /expired|lifetime/);
  await jsonOf(
    await edge.worker.request("/v1/profile", {
      token: await mint({ sub: "alice", iat: now, exp: now + 3600 }),
    }),
  );
});

test("a token has one spelling: non-canonical base64url is refused", async () => {
  const token = await mint({ sub: "alice" });
  await jsonOf(await edge.worker.request("/v1/profile", { token }));
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // The last character of 32 bytes has two unused bits; with them set it decodes to the same bytes.
  const last = alphabet.indexOf(token.at(-1));
  assert.equal(last % 4, 0);
  for (const unused of [1, 2, 3]) {
    const respelled = token.slice(0, -1) + alphabet[last + unused];
    assert.deepEqual(
      Buffer.from(respelled.split(".")[2], "base64url"),
      Buffer.from(token.split(".")[2], "base64url"),
    );
    await refused(respelled, /not a JSON Web Token/);
  }
  const [header, payload, signature] = token.split(".");
  for (const respelled of [
    `${token}.`,
    `.${token}`,
    `${header}.${payload}.`,
    `${header}..${signature}`,
    `${header}.${payload}.${signature}A`,
    `${header}.${payload}.${signature.slice(0, -1)}`,
  ])
    await refused(respelled, /not a JSON Web Token|signature/);
  for (const respelled of [`${token}=`, `${header}=.${payload}.${signature}`, `${token} `])
    assert.notEqual(
      (await edge.worker.request("/v1/profile", { user: null, token: `${respelled}~` })).status,
      200,
    );
});

test("tokens of more than 2,048 characters are refused before they are decoded", async () => {
  const empty = (await mint({ sub: "alice", note: "" })).length;
  const padded = (length) =>
    mint({ sub: "alice", note: "x".repeat(Math.floor(((length - empty) * 3) / 4)) });
  const longest = await padded(2040);
  assert.ok(longest.length > 2030 && longest.length <= 2048, `${longest.length}`);
  await jsonOf(await edge.worker.request("/v1/profile", { token: longest }));
  await refused(await padded(2060), /2048 characters/);
  await refused("a".repeat(8000), /2048 characters/);
});

test("sub must be a string of 1 to 256 characters", async () => {
  for (const sub of ["", "x".repeat(257), 7, null, ["alice"], { id: "alice" }])
    await refused(await mint({ sub }), /sub/);
  await jsonOf(
    await edge.worker.request("/v1/profile", { token: await mint({ sub: "x".repeat(256) }) }),
  );
});

test("mint.mjs makes keys that the Worker takes, and tokens that it accepts", async (t) => {
  const program = fileURLToPath(new URL("../../edge/mint.mjs", import.meta.url));
  const run = async (args, env = {}) => {
    const options = { env: { ...process.env, ...env } };
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], options);
    return stdout.trim();
  };
  const [older, newer] = [JSON.parse(await run(["key"])), JSON.parse(await run(["key"]))];
  const [id] = Object.keys(older);
  assert.match(id, /^\d{4}-\d\d-\d\d$/);
  assert.equal(Buffer.from(older[id], "base64url").length, 32);
  assert.notEqual(older[id], newer[id]);

  const TOKEN_KEYS = JSON.stringify({ older: older[id], newer: newer[id] });
  const worker = await startWorker({
    bindings: { TOKEN_KEYS, AUDIENCE: "shop" },
    catalogue: edge.catalogue.toBytes(),
  });
  t.after(() => worker.stop());
  const token = await run(["token", "alice"], { TOKEN_KEYS, AUDIENCE: "shop" });
  assert.equal(JSON.parse(Buffer.from(token.split(".")[0], "base64url")).kid, "newer");
  await jsonOf(await worker.request("/v1/profile", { token }));
  const anonymous = await run(["token"], { TOKEN_KEYS, AUDIENCE: "shop" });
  await jsonOf(await worker.request("/v1/profile", { token: anonymous }), 403);
  await jsonOf(
    await worker.request("/v1/profile", { token: await run(["token", "alice"], { TOKEN_KEYS }) }),
    401,
  );
  await assert.rejects(run(["token"], { TOKEN_KEYS: "{" }), /mint\.mjs key/);
  await assert.rejects(run([]), /Usage/);
});

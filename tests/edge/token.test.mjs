// Who may ask: the token that the site's backend mints.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KEYS, mint, startWorker } from "./worker.mjs";
import { actionsOf, said, useWorker } from "./world.mjs";

const world = useWorker();

test("tokens: none, forged, expired, too long, for others, of an unknown key, unsigned", async () => {
  const now = Math.floor(Date.now() / 1000);
  const bad = [
    ["none", undefined],
    ["nonsense", "abc"],
    ["three parts of nonsense", "a.b.c"],
    ["forged", await mint({ sub: "alice" }, { secret: KEYS.second })],
    [
      "another payload",
      (await mint({ sub: "alice" })).replace(
        /\.[^.]+\./,
        `.${Buffer.from(JSON.stringify({ sub: "bob", aud: "pocketsage", iat: now, exp: now + 60 })).toString("base64url")}.`,
      ),
    ],
    ["expired", await mint({ sub: "alice", iat: now - 1000, exp: now - 120 })],
    ["valid for a day", await mint({ sub: "alice", exp: now + 86_400 })],
    ["for others", await mint({ sub: "alice", aud: "elsewhere" })],
    ["without an end", await mint({ sub: "alice", exp: undefined })],
    ["from the future", await mint({ sub: "alice", iat: now + 600, exp: now + 900 })],
    ["of an unknown key", await mint({ sub: "alice" }, { kid: "third", secret: KEYS.first })],
    [
      "of a key called __proto__",
      await mint({ sub: "alice" }, { kid: "__proto__", secret: KEYS.first }),
    ],
    ["unsigned", await mint({ sub: "alice" }, { alg: "none" })],
    ["of a user without a name", await mint({ sub: "" })],
  ];
  for (const [name, token] of bad) {
    const { error } = await said(await world.worker.ask("/v1/profile", { user: null, token }), 401);
    assert.equal(error.code, "token", name);
  }
});

test("tokens: clocks that differ by half a minute are forgiven, and both keys work while keys are changed", async () => {
  const now = Math.floor(Date.now() / 1000);
  for (const token of [
    await mint({ sub: "skewed", iat: now + 30, exp: now + 300 }),
    await mint({ sub: "skewed", iat: now - 300, exp: now - 30 }),
    await mint({ sub: "skewed" }, { kid: "second" }),
  ]) {
    await said(await world.worker.ask("/v1/profile", { token }));
  }
});

test("a token without a user retrieves, and has no taste", async () => {
  const token = await mint();
  assert.equal(
    (await said(await world.worker.ask("/v1/profile", { token }), 403)).error.code,
    "user",
  );
  const { answers } = await said(
    await world.worker.ask("/v1/retrieve", {
      token,
      json: { count: 3, medoids: [{ item: "food-1" }] },
    }),
  );
  assert.equal(answers[0].hits.length, 3);
});

test("another user's id: a token opens its own taste and no other", async () => {
  await said(await world.record("owner", actionsOf("food-1")), 201);
  assert.equal(
    (await said(await world.worker.ask("/v1/profile?user=owner", { user: "thief" }), 400)).error
      .code,
    "body",
  );
  assert.equal((await said(await world.worker.ask("/v1/profile", { user: "thief" }))).actions, 0);
  const body = { user: "owner", actions: actionsOf("food-2") };
  assert.match(
    (await said(await world.worker.ask("/v1/actions", { user: "thief", json: body }), 400)).error
      .message,
    /user/,
  );
});

test("tokens: several audiences, not yet valid, and extensions nobody here knows", async () => {
  const now = Math.floor(Date.now() / 1000);
  const status = async (claims, how) =>
    (await world.worker.ask("/v1/profile", { token: await mint({ sub: "picky", ...claims }, how) }))
      .status;
  assert.equal(await status({ aud: ["elsewhere", "pocketsage"] }), 200);
  assert.equal(await status({ aud: ["elsewhere"] }), 401);
  assert.equal(await status({ nbf: now - 5 }), 200);
  assert.equal(await status({ nbf: now + 300 }), 401);
  assert.equal(await status({ nbf: "soon" }), 401);
  assert.equal(await status({}, { header: { crit: ["b64"] } }), 401);
});

test("a Worker whose keys are missing or short says how to set them, and lets nobody in", async (t) => {
  for (const keys of ["", "secret", "{}", '{"first":"too-short"}']) {
    const own = await startWorker({ bindings: { TOKEN_KEYS: keys } });
    t.after(() => own.stop());
    const { error } = await said(await own.ask("/v1/profile"), 500);
    assert.equal(error.code, "settings");
    assert.match(error.message, /^TOKEN_KEYS.*mint\.mjs key/);
    assert.ok(!error.message.includes("too-short"));
  }
});

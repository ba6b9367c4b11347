// Rate limits: of users, of visitors without a user, and of refused tokens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonOf, useWorker } from "./fixture.mjs";
import { KEYS, mint, startWorker } from "./worker.mjs";

const edge = useWorker();
const now = () => Math.floor(Date.now() / 1000);

async function startLimited(t, limit) {
  const worker = await startWorker({ limit, catalogue: edge.catalogue.toBytes() });
  t.after(() => worker.stop());
  const profile = async (options) => {
    const reply = await worker.request("/v1/profile", options);
    await reply.text();
    return reply.status;
  };
  return { worker, profile };
}

const repeat = async (count, request) => {
  const statuses = [];
  for (let index = 0; index < count; index += 1) statuses.push(await request(index));
  return statuses;
};

test("the rate limit is per user, and its 429 has a Retry-After header", async (t) => {
  const { worker } = await startLimited(t, 3);
  for (let request = 0; request < 3; request += 1)
    await jsonOf(await worker.request("/v1/profile", { user: "over-limit" }));
  const reply = await worker.request("/v1/profile", { user: "over-limit" });
  assert.equal(reply.headers.get("retry-after"), "60");
  assert.equal((await jsonOf(reply, 429)).error.code, "rate");
  await jsonOf(await worker.request("/v1/profile", { user: "under-limit" }));
});

test("tokens without a user are rate-limited per address, apart from users", async (t) => {
  const { worker } = await startLimited(t, 2);
  const retrieve = async (token) =>
    (
      await worker.request("/v1/retrieve", {
        token,
        json: { count: 3, medoids: [{ item: "food-1" }] },
      })
    ).status;
  assert.deepEqual(
    [await retrieve(await mint()), await retrieve(await mint()), await retrieve(await mint())],
    [200, 200, 429],
  );
  for (const sub of ["anonymous", "anywhere", "from 127.0.0.1"])
    assert.equal(await retrieve(await mint({ sub })), 200);
});

const FORGERIES = {
  "no token": () => ({ user: null }),
  "no JSON Web Token": () => ({ token: "a.b.c" }),
  "a wrong signature": async () => ({ token: await mint({ sub: "a" }, { secret: KEYS.second }) }),
  "an unknown key id": async () => ({
    token: await mint({ sub: "a" }, { kid: "third", secret: KEYS.first }),
  }),
  "alg none": async () => ({ token: await mint({ sub: "a" }, { alg: "none" }) }),
};
for (const [name, request] of Object.entries(FORGERIES)) {
  test(`requests with ${name} are rate-limited per address`, async (t) => {
    const { worker, profile } = await startLimited(t, 3);
    const refused = async () => profile(await request());
    assert.deepEqual(await repeat(5, refused), [401, 401, 401, 429, 429]);
    const reply = await worker.request("/v1/profile", await request());
    assert.equal(reply.headers.get("retry-after"), "60");
    assert.equal((await jsonOf(reply, 429)).error.code, "rate");
  });
}

test("another address has its own limit, and an IPv6 address that of its network", async (t) => {
  const { profile } = await startLimited(t, 1);
  const from = (address) => profile({ user: null, headers: { "cf-connecting-ip": address } });
  assert.deepEqual(
    [
      await from("192.0.2.1"),
      await from("192.0.2.1"),
      await from("192.0.2.2"),
      await from("2001:db8:0:1::1"),
      await from("2001:DB8:0000:1:ffff:ffff:ffff:ffff"),
      await from("2001:db8:0:2::1"),
      await from("2001:db8::1"),
      await from("2001:db8::2:0:0:0:1"), // 2001:db8:0:2:0:0:0:1
      await from("::1"),
      await from("::ffff:192.0.2.3"),
      await from("::ffff:192.0.2.4"),
      await from("::ffff:192.0.2.1"),
    ],
    [401, 429, 401, 401, 429, 401, 401, 429, 401, 401, 401, 429],
  );
});

test("refused tokens lock out no user, at the same address either", async (t) => {
  const { worker, profile } = await startLimited(t, 3);
  // Forged tokens with the victim's id, more than its limit and than that of the address.
  const forged = () => mint({ sub: "victim" }, { secret: KEYS.second });
  const statuses = await repeat(8, async () => profile({ token: await forged() }));
  assert.deepEqual(statuses, [401, 401, 401, 429, 429, 429, 429, 429]);
  assert.deepEqual(await repeat(4, () => profile({ user: "victim" })), [200, 200, 200, 429]);
  assert.equal(await profile({ user: "newcomer" }), 200);
  const reply = await worker.request("/v1/retrieve", {
    token: await mint(),
    json: { count: 3, medoids: [{ item: "food-1" }] },
  });
  await jsonOf(reply);
});

test("expired tokens count for their user, not for the address or valid tokens", async (t) => {
  const { profile } = await startLimited(t, 2);
  const expired = (sub) => mint({ sub, iat: now() - 1000, exp: now() - 300 });
  // The address is over its limit: the holder of an expired token still learns that it expired.
  await repeat(4, () => profile({ user: null }));
  const statuses = await repeat(3, async () => profile({ token: await expired("late") }));
  assert.deepEqual(statuses, [401, 401, 429]);
  assert.equal(await profile({ token: await expired("other") }), 401);
  assert.deepEqual(await repeat(2, () => profile({ user: "late" })), [200, 200]);
});

test("an invalid setting is a 500 however many requests there are", async (t) => {
  const worker = await startWorker({ limit: 1, bindings: { TOKEN_KEYS: "" } });
  t.after(() => worker.stop());
  const status = async () => (await worker.request("/v1/profile")).status;
  assert.deepEqual(await repeat(3, status), [500, 500, 500]);
});

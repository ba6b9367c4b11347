// Kills workerd while clients of the Worker in edge/ record and forget over HTTP.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { startWorker } from "../edge/worker.mjs";
import { makeKillable } from "./killable.mjs";
import { Ledger } from "./ledger.mjs";

/** The workerd of Miniflare. */
const workerdPath = createRequire(import.meta.resolve("miniflare"))("workerd").default;
const CLIENTS = 3;

/**
 * Runs the rounds in `folder`. `recordingMs()` is how long a round records. `report` receives a
 * summary of each round. After each crash, the requests without a reply are sent again with their
 * idempotency keys: each must count exactly once.
 */
export async function killWorkerd({ folder, rounds, recordingMs, report }) {
  const stored = join(folder, "durable-objects");
  await mkdir(stored);
  const { executable, kill } = await makeKillable(folder, workerdPath);
  process.env.MINIFLARE_WORKERD_PATH = executable;
  const ledger = new Ledger();
  /** By item: the requests that were sent, to repeat them. */
  const requests = new Map();
  const send = async (worker, operation, item) => {
    ledger.attempt(operation, [item]);
    const request = requests.get(item);
    const reply = await worker.request(...request);
    assert.ok(reply.ok, `${operation} ${item}: ${reply.status} ${await reply.text()}`);
    ledger.acknowledge(operation, item);
  };
  const users = [];
  const record = (worker, item, number) => {
    const actions = [{ item, at: Date.now(), vector: [1, number, 0, 0, 0, 0, 0, 0] }];
    const headers = { "idempotency-key": crypto.randomUUID() };
    requests.set(item, ["/v1/actions", { user: users.at(-1), json: { actions }, headers }]);
    return send(worker, "record", item);
  };
  const forget = (worker, item) => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const path = `/v1/actions?item=${encodeURIComponent(item)}`;
    requests.set(item, [path, { user: users.at(-1), method: "DELETE", headers }]);
    return send(worker, "forget", item);
  };
  const recordUntilKilled = async (worker, round, client) => {
    for (let number = 0; ; number += 1) {
      await record(worker, `${round} ${client} ${number}`, number);
      if (number % 20 === 19) await forget(worker, `${round} ${client} ${number - 9}`);
    }
  };
  /** Checks what is stored, and again after the requests without a reply were repeated. */
  const check = async (worker) => {
    const repeated = ledger.unacknowledged();
    report(ledger.check(await storedItems(worker, users)));
    for (const item of repeated) {
      const [, { method }] = requests.get(item);
      await send(worker, method === "DELETE" ? "forget" : "record", item);
    }
    ledger.check(await storedItems(worker, users));
  };
  for (let round = 0; round <= rounds; round += 1) {
    const worker = await startWorker({ durableObjectsPersist: stored });
    try {
      await check(worker);
      if (round === rounds) break;
      users.push(`user ${round}`); // a user has at most 1,000 actions
      const clients = Array.from({ length: CLIENTS }, (_, client) =>
        recordUntilKilled(worker, round, client).catch((error) => error),
      );
      await new Promise((resolve) => setTimeout(resolve, recordingMs()));
      await kill();
      for (const error of await Promise.all(clients))
        assert.match(error.message, /^(fetch failed|terminated)$/);
    } finally {
      await worker.stop().catch(() => undefined);
    }
  }
}

/** The stored items of all users. */
async function storedItems(worker, users) {
  const items = [];
  for (const user of users) {
    for (let offset = 0; offset !== undefined; ) {
      const reply = await worker.request(`/v1/actions?offset=${offset}`, { user });
      assert.ok(reply.ok, `${reply.status} ${await reply.clone().text()}`);
      const { actions, next } = await reply.json();
      items.push(...actions.map(({ item }) => item));
      offset = next;
    }
  }
  return items;
}

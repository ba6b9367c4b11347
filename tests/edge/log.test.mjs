// The log: route, status and counts, and no text of an engine, a user, an item or a token.
import assert from "node:assert/strict";
import { test } from "node:test";
import { listen } from "../../scripts/lib/http.mjs";
import { actionsOf, engineErrorOf, jsonOf, useWorker } from "./fixture.mjs";
import { mint, startWorker } from "./worker.mjs";

const edge = useWorker();
const MEDOIDS = { count: 5, medoids: [{ item: "animal-7" }] };

test("the log has route, status and counts, and no user id, item id or token", async () => {
  await jsonOf(await edge.worker.request("/v1/retrieve", { user: "secret-name", json: MEDOIDS }));
  await jsonOf(await edge.record("secret-name", actionsOf("animal-9")), 201);
  await edge.worker.waitForLog(/"\/v1\/actions","status":201/);
  const text = edge.worker.log();
  const line = text
    .split("\n")
    .find((each) => each.includes('"/v1/retrieve"') && each.includes('"local":1'));
  assert.ok(line, text.slice(-2000));
  assert.deepEqual(Object.keys(JSON.parse(line)).sort(), [
    "local",
    "medoids",
    "method",
    "milliseconds",
    "route",
    "status",
  ]);
  for (const word of ["secret-name", "animal-7", "animal-9", "Bearer", "eyJ"])
    assert.ok(!text.includes(word), word);
});

/** Replies of an engine, each with the word SECRET wherever an engine may put text. */
const REPLIES = {
  401: { status: 401, body: '{"error":"SECRET"}' },
  403: { status: 403, statusText: "SECRET", body: "SECRET" },
  404: { status: 404, body: '{"message":"no collection SECRET"}' },
  422: { status: 422, body: '{"detail":"animal-7 SECRET"}' },
  500: { status: 500, statusText: "SECRET", body: "<html>SECRET</html>" },
  "a redirect": { status: 302, headers: { location: "https://SECRET.example/" } },
  "text instead of JSON": { status: 200, body: "SECRET" },
  "broken JSON": { status: 200, body: '{"ids": [["SECRET' },
  "JSON of another shape": { status: 200, body: '{"SECRET": "SECRET", "ids": "SECRET"}' },
  "a score that is no number": {
    status: 200,
    body: '{"ids": [["SECRET"]], "distances": [["SECRET"]]}',
  },
};
const ENGINES = {
  chroma: { collection: "00000000-0000-4000-8000-000000000000" },
  qdrant: { collection: "items" },
  typesense: { collection: "items" },
};

for (const [engine, options] of Object.entries(ENGINES)) {
  test(`the texts of ${engine} are neither logged nor returned`, { timeout: 60_000 }, async (t) => {
    let reply;
    const server = await listen((_, response) => {
      const { status, statusText, headers, body } = reply;
      const type = body?.startsWith("{") ? "application/json" : "text/html";
      response.writeHead(status, statusText ?? "", { "content-type": type, ...headers });
      response.end(body);
    });
    t.after(server.close);
    for (const [name, given] of Object.entries(REPLIES)) {
      reply = given;
      // A Worker of its own, so that its breaker is closed.
      const worker = await startWorker({
        bindings: {
          ENGINE: engine,
          ENGINE_KEY: "SECRET",
          ENGINE_OPTIONS: JSON.stringify({ url: server.origin, ...options }),
        },
      });
      t.after(() => worker.stop());
      for (const [path, json] of [
        ["/v1/retrieve", MEDOIDS],
        ["/v1/actions", { actions: [{ item: "animal-7" }] }],
      ]) {
        const response = await worker.request(path, { json });
        const text = await response.text();
        assert.ok(response.status >= 400 || /not-found|error/.test(text), `${name}: ${text}`);
        assert.doesNotMatch(text, /SECRET/, name);
        await worker.waitForLog(new RegExp(`"${path}","status":${response.status}`));
      }
      assert.doesNotMatch(worker.log(), /SECRET|animal-7/, name);
    }
  });
}

test("an engine that cannot be reached: the log has its reason", async (t) => {
  const worker = await startWorker();
  t.after(() => worker.stop());
  const { message } = await engineErrorOf(await worker.request("/v1/retrieve", { json: MEDOIDS }));
  assert.equal(message, "The vector engine failed (network).");
  await worker.waitForLog(/"code":"retrieval","reason":"network"/);
});

test("errors of every kind: no text of theirs is logged or returned", async (t) => {
  const worker = await startWorker({ entry: "tests/edge/problem-worker.mjs" });
  t.after(() => worker.stop());
  const problems = await jsonOf(await worker.request("/", { user: null }));
  assert.doesNotMatch(JSON.stringify(problems), /SECRET/);
  const fields = problems.map(({ status, code, logFields }) => ({ status, code, ...logFields }));
  const retrieval = { code: "retrieval", engineStatus: 418 };
  assert.deepEqual(fields.slice(0, 9), [
    { status: 502, ...retrieval, reason: "network" },
    { status: 504, ...retrieval, reason: "timeout" },
    { status: 504, ...retrieval, reason: "deadline" },
    { status: 502, ...retrieval, reason: "status" },
    { status: 502, ...retrieval, reason: "refused" },
    { status: 502, ...retrieval, reason: "not-found" },
    { status: 502, ...retrieval, reason: "reply" },
    { status: 502, ...retrieval, reason: "redirect" },
    { status: 503, ...retrieval, reason: "open" },
  ]);
  assert.deepEqual(
    fields.slice(9, 12).map(({ sqlState }) => sqlState),
    ["42P01", undefined, undefined],
  );
  assert.deepEqual(fields[12], { status: 502, code: "retrieval", reason: "reply" });
  const [typeError, renamed, oddName, ...noErrors] = fields.slice(13);
  assert.deepEqual(
    [typeError.status, typeError.code, typeError.error],
    [500, "internal", "TypeError"],
  );
  assert.match(typeError.at[0], /^errors problem-worker\.js:\d+:\d+$/);
  assert.ok(typeError.at.length >= 2 && typeError.at.length <= 5);
  assert.equal(renamed.error, "TypeError");
  assert.equal(oddName.error, "Error");
  for (const { status, code } of noErrors) assert.deepEqual([status, code], [500, "internal"]);
});

test("refused tokens are logged without the token", async () => {
  const token = await mint({ sub: "secret-name", aud: "SECRET" });
  await jsonOf(await edge.worker.request("/v1/profile", { token }), 401);
  await edge.worker.waitForLog(/"status":401/);
  assert.doesNotMatch(edge.worker.log(), /SECRET|secret-name|eyJ/);
});

// Faulty and hostile engines: every fault becomes an error with a reason, in bounded time and
// memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { isPassing, milvus, pgvector, qdrant, RetrievalError, redis } from "pocketsage/remote";
import { COLLECTION, engineAt, failure, goodReply, query, serve } from "./remote-world.mjs";

const FAILED = ["error", "retrieval"];
const json = { "content-type": "application/json" };

const statuses = [
  [401, "refused", false],
  [403, "refused", false],
  [404, "not-found", false],
  [408, "status", true],
  [422, "status", false],
  [429, "status", true],
  [500, "status", true],
  [503, "status", true],
];
for (const [status, reason, transient] of statuses) {
  test(`HTTP ${status} is "${reason}", ${transient ? "transient" : "permanent"}`, async (t) => {
    const url = await serve(t, (_, response) =>
      response.writeHead(status, json).end('{"error":"because"}'),
    );
    const error = await failure(engineAt(url));
    assert.ok(error instanceof RetrievalError);
    assert.deepEqual([error.reason, error.status, isPassing(error)], [reason, status, transient]);
    assert.match(error.message, new RegExp(`chroma answered ${status}.*because`));
  });
}

test("Retry-After is read in seconds and as a date", async (t) => {
  let header = "7";
  const url = await serve(t, (_, response) =>
    response.writeHead(429, { "retry-after": header }).end(),
  );
  assert.equal((await failure(engineAt(url))).retryAfter, 7000);
  header = new Date(Date.now() + 60_000).toUTCString();
  const { retryAfter } = await failure(engineAt(url));
  assert.ok(retryAfter > 55_000 && retryAfter <= 60_000, String(retryAfter));
  header = "soon";
  assert.equal((await failure(engineAt(url))).retryAfter, undefined);
});

test('HTML instead of JSON is a "reply" error', async (t) => {
  const url = await serve(t, (_, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>"),
  );
  const error = await failure(engineAt(url));
  assert.equal(error.reason, "reply");
  assert.match(error.message, /text\/html instead of JSON: <html>Sign in/);
});

const invalidReplies = [
  ["null", "null"],
  ["a number", "42"],
  ["an error in a 200", '{"error":"InvalidArgumentError","message":"no"}'],
  ["no distances", '{"ids":[["a"]]}'],
  ["fewer distances than ids", '{"ids":[["a","b"]],"distances":[[0.1]]}'],
  ["two lists for one query", goodReply(2)],
  ["more distances than ids", '{"ids":[["a"]],"distances":[[0.1,0.2]]}'],
  ["a hexadecimal distance", '{"ids":[["a"]],"distances":[["0x1"]]}'],
  ["a blank distance", '{"ids":[["a"]],"distances":[[" 1 "]]}'],
  ["a distance that is text", '{"ids":[["a"]],"distances":[["near"]]}'],
  ["an id that is empty", '{"ids":[[""]],"distances":[[0.1]]}'],
  ["an id that is an object", '{"ids":[[{}]],"distances":[[0.1]]}'],
  ["half of its JSON", goodReply().slice(0, 20)],
];
for (const [name, body] of invalidReplies) {
  test(`a 200 with ${name} is a "reply" error`, async (t) => {
    const url = await serve(t, (_, response) => response.writeHead(200, json).end(body));
    assert.equal((await failure(engineAt(url))).reason, "reply");
  });
}

/** Replies that once gave hits of another query, of half a value, or of an object's name. */
const misreadReplies = [
  [
    "milvus: topks that are not all hits",
    milvus({
      url: "https://milvus.example",
      collection: "items",
      fetch: async () =>
        Response.json({ code: 0, data: [{ id: "a", distance: 1 }], topks: [0, 0] }),
    }),
  ],
  ["redis: an odd number of values", redis({ key: "items", command: async () => ["a", "1", "b"] })],
  ["redis: text", redis({ key: "items", command: async () => "12" })],
  ["redis: an id that is an object", redis({ key: "items", command: async () => [{}, "1"] })],
  ["redis: an error as its result", redis({ key: "items", command: async () => new Error("no") })],
  [
    "pgvector: a place that no query has",
    pgvector({
      table: "items",
      query: async () => ({ rows: [0, -1].map((place) => ({ place, missing: true, item: null })) }),
    }),
  ],
];
for (const [name, retriever] of misreadReplies) {
  test(`${name}: the answers are errors`, async () => {
    const vector = Float32Array.of(1, 0);
    const answers = await retriever.ask([
      { vector, count: 2 },
      { vector, count: 2 },
    ]);
    for (const { status, error } of answers) assert.deepEqual([status, error?.code], FAILED);
  });
}

test("pgvector: the text of a vector that is cut off is an error", async () => {
  const query = async () => ({ rows: [{ item: "a", vector: "[1,25" }] });
  await assert.rejects(pgvector({ table: "items", query }).vectors(["a"]), { code: "retrieval" });
});

test("a batch that fails for one unknown id is repeated by vector, for all queries", async () => {
  const bodies = [];
  const fetch = async (_, { body }) => {
    const { searches, ids } = JSON.parse(body);
    bodies.push(searches ?? ids);
    if (ids) return Response.json({ result: [] });
    if (searches.some(({ query }) => query === 7))
      return Response.json({ status: { error: "Not found: No point with id 7" } }, { status: 404 });
    return Response.json({ result: searches.map(() => ({ points: [{ id: 1, score: 0.5 }] })) });
  };
  const answers = await qdrant({ url: "https://qdrant.example", collection: "items", fetch }).ask([
    { item: "7", count: 2 },
    { vector: Float32Array.of(1, 0), count: 2 },
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["not-found", "ok"],
  );
  assert.equal(bodies.length, 3);
});

test("a message is at most 500 characters, whatever the engine sends", async () => {
  const statusText = "x".repeat(3000);
  const fetch = async () => new Response("{}", { status: 500, statusText });
  const { message } = await failure(engineAt("http://engine.example", { fetch }));
  assert.equal(message.length, 500);
});

test("a reply of 50 MB is cut off, with and without content-length", async (t) => {
  let sent = 0;
  const url = await serve(t, (request, response) => {
    const length = 50 << 20;
    response.writeHead(
      200,
      request.headers["x-announce"] ? { ...json, "content-length": length } : json,
    );
    const piece = Buffer.alloc(1 << 16, "[");
    const send = () => {
      while (sent < length && !response.destroyed) {
        sent += piece.length;
        if (!response.write(piece)) return response.once("drain", send);
      }
      response.end();
    };
    send();
  });
  for (const headers of [{}, { "x-announce": "1" }]) {
    sent = 0;
    const error = await failure(engineAt(url, { headers }));
    assert.equal(error.reason, "reply");
    assert.match(error.message, /more than 8388608 bytes/);
    assert.ok(sent < 30 << 20, `${sent} bytes were sent before the cut-off`);
  }
});

test("a slowly dripping body ends at the request timeout", async (t) => {
  const url = await serve(t, (_, response) => {
    response.writeHead(200, json);
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  });
  const start = Date.now();
  assert.equal((await failure(engineAt(url, { timeout: 150 }))).reason, "timeout");
  assert.ok(Date.now() - start < 1500);
});

test("a request without reply ends at its timeout", async (t) => {
  const url = await serve(t, () => undefined);
  const error = await failure(engineAt(url, { timeout: 100 }));
  assert.equal(error.reason, "timeout");
  assert.ok(isPassing(error));
});

test("a redirect is not followed, and the key is not sent to its target", async (t) => {
  const receivedHeaders = [];
  const elsewhere = await serve(t, (request, response) => {
    receivedHeaders.push(request.headers);
    response.end(goodReply());
  });
  for (const status of [301, 302, 307, 308]) {
    const url = await serve(t, (_, response) =>
      response.writeHead(status, { location: elsewhere }).end(),
    );
    assert.equal((await failure(engineAt(url, { apiKey: "secret" }))).reason, "redirect");
  }
  assert.deepEqual(receivedHeaders, []);
});

test('a connection that breaks within the body is a "network" error', async (t) => {
  const url = await serve(t, (_, response) => {
    response.writeHead(200, { ...json, "content-length": 1000 });
    response.write('{"ids":');
    setTimeout(() => response.destroy(), 20);
  });
  const error = await failure(engineAt(url));
  assert.equal(error.reason, "network");
  assert.ok(isPassing(error));
});

test("an abort by the caller rejects at once and closes the connection", async (t) => {
  let closed;
  const connectionClosed = new Promise((resolve) => (closed = resolve));
  const controller = new AbortController();
  const url = await serve(t, (request) => {
    request.on("close", closed);
    setTimeout(() => controller.abort("never mind"), 10);
  });
  const pending = engineAt(url).ask([query()], controller.signal);
  await assert.rejects(pending, { code: "aborted", cause: "never mind" });
  await connectionClosed;
});

test("at most six requests run concurrently", async (t) => {
  const total = 30;
  const active = [];
  let maxActive = 0;
  const url = await serve(t, (_, response) => {
    active.push(response);
    maxActive = Math.max(maxActive, active.length);
  });
  const retriever = engineAt(url);
  const all = Promise.all(Array.from({ length: total }, () => retriever.ask([query()])));
  for (let answered = 0; answered < total; ) {
    while (active.length < Math.min(6, total - answered)) await pause(1);
    await pause(5); // a seventh request would arrive now
    answered += active.length;
    for (const response of active.splice(0)) response.end(goodReply());
  }
  await all;
  assert.equal(maxActive, 6);
});

test("ids with quotes and SQL are sent as data", async (t) => {
  let got;
  const url = await serve(t, (request, response, body) => {
    got = { url: request.url, body: JSON.parse(body) };
    response.end('{"ids":[],"embeddings":[]}');
  });
  const item = `x"'; drop table items; --\n{"$ne": 1}`;
  const [answer] = await engineAt(url).ask([{ item, count: 3 }]);
  assert.equal(answer.status, "not-found");
  assert.deepEqual(got.body.ids, [item]);
  assert.ok(got.url.endsWith(`${COLLECTION}/get`));
});

test("names cannot leave their segment of the URL", async (t) => {
  let path;
  const url = await serve(t, (request, response) => {
    path = request.url;
    response.end(goodReply());
  });
  await engineAt(url, { tenant: "../../admin?x=1#" }).ask(
    [{ ...query(), item: undefined }].map(({ vector, count }) => ({ vector, count })),
  );
  assert.match(path, /^\/api\/v2\/tenants\/\.\.%2F\.\.%2Fadmin%3Fx%3D1%23\/databases/);
});

test("the fetch option is used, and its exceptions are network errors", async () => {
  const error = await failure(
    engineAt("http://engine.example", { fetch: () => Promise.reject(new TypeError("no route")) }),
  );
  assert.equal(error.reason, "network");
  assert.match(error.message, /no route/);
});

test("unknown and invalid options are errors", () => {
  assert.throws(() => engineAt("http://engine.example", { colection: "x" }), {
    code: "option",
    message: /unknown option "colection"/,
  });
  assert.throws(() => engineAt("http://engine.example", { collection: "items" }), {
    code: "option",
    message: /UUID/,
  });
});

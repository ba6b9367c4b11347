// Faulty and hostile engines: every fault becomes an error with a reason, in bounded time and
// memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { isPassing, RetrievalError } from "pocketsage/remote";
import { COLLECTION, engineAt, failure, goodReply, query, serve } from "./remote-world.mjs";

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
  const asked = engineAt(url).ask([query()], controller.signal);
  await assert.rejects(asked, { code: "aborted", cause: "never mind" });
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

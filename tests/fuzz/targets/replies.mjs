// Target: the parsers of the replies of all vector engines. Valid replies give the stored hits; of
// mutated ones, every hit and every vector that is accepted occurs in the reply.
import assert from "node:assert/strict";
import { init, isSageError } from "pocketsage";
import { checkError } from "../check-error.mjs";
import { mutate, mutateValue, randomFrom } from "../random.mjs";
import { ENGINES } from "../simulated-engines.mjs";

const NAMES = Object.keys(ENGINES);
/** Unit vectors: query `index` has the largest component at `index`. */
const AXES = [Float32Array.of(1, 0, 0), Float32Array.of(0, 1, 0), Float32Array.of(0, 0, 1)];
const DECIMAL = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const STATUSES = [200, 200, 204, 302, 400, 401, 404, 429, 500, 503];

export async function repliesTarget() {
  await init();
  return { run };
}

async function run(seed, isMutated) {
  const random = randomFrom(seed);
  const engine = ENGINES[random.pick(NAMES)];
  const world = randomWorld(random);
  const server = serve(engine, world, random, isMutated);
  const retriever = engine.create(server.send);
  if (random.isOneIn(4) && retriever.engine !== "httpRetriever")
    return runVectors(retriever, server, world, isMutated);
  const queries = randomQueries(random, engine.forms);
  const answers = await retriever.ask(queries);
  assert.equal(answers.length, queries.length);
  if (isMutated)
    answers.forEach((answer, row) => checkAnswer(answer, queries[row], engine, server));
  else
    assert.equal(
      JSON.stringify(answers),
      JSON.stringify(queries.map((query) => expectedAnswer(query, world))),
    );
  if (!isMutated) return "equal";
  return answers.some(({ status }) => status === "error") ? "refused" : "read";
}

/** Hits of three queries by vector; the items "1" to "3" are stored or not. */
function randomWorld({ below, isOneIn }) {
  const ids = AXES.map((_, index) => String(index + 1));
  const stored = ids.map(() => !isOneIn(3));
  const lists = AXES.map((_, index) =>
    Array.from({ length: 1 + below(4) }, (__, rank) => ({
      item: rank === 0 && stored[index] ? ids[index] : String(10 * (index + 1) + rank),
      // Multiples of 1/64, which conversions between scores and distances keep exactly.
      score: (below(129) - 64) / 64,
    })).sort((a, b) => b.score - a.score),
  );
  const indexOf = (id) => {
    const index = ids.indexOf(id);
    return stored[index] ? index : -1;
  };
  const hitsOf = (index, count) => lists[index].slice(0, count);
  return {
    hitsOf,
    hitsById: (id, count) => (indexOf(id) < 0 ? undefined : hitsOf(indexOf(id), count)),
    vectorById: (id) => (indexOf(id) < 0 ? undefined : [...AXES[indexOf(id)]]),
  };
}

function randomQueries({ below, pick }, forms = ["id", "vector", "both"]) {
  return Array.from({ length: 1 + below(3) }, (_, index) => {
    const form = pick(forms);
    return {
      ...(form !== "vector" && { item: String(index + 1) }),
      ...(form !== "id" && { vector: AXES[index] }),
      count: 1 + below(5),
    };
  });
}

function expectedAnswer({ item, vector, count }, world) {
  const hits = (item && world.hitsById(item)) ?? (vector && world.hitsOf(AXES.indexOf(vector)));
  if (!hits) return { status: "not-found" };
  const others = hits.filter((hit) => hit.item !== item);
  return { status: "ok", hits: others.slice(0, count), via: "engine" };
}

/** An engine that mutates one of its replies; `replies` has all replies that were sent. */
function serve(engine, world, random, isMutated) {
  const replies = [];
  const mutatedRequest = isMutated ? random.below(2) : -1;
  let requestCount = 0;
  const reply = (request) => {
    const value = engine.answer(request, world);
    if (requestCount++ !== mutatedRequest) return value;
    return mutateValue(value, random, !engine.isDriver);
  };
  const send = async (request) => {
    try {
      const value = reply(request);
      replies.push(value);
      return value;
    } catch (error) {
      // A driver rejects with any value.
      throw isMutated && random.isOneIn(2) ? mutateValue({}, random, false) : error;
    }
  };
  const fetch = async (url, { body }) => {
    const isText = typeof body === "string";
    const lines =
      isText && body.includes("\n")
        ? body
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line))
        : [];
    const value = reply({
      path: url,
      ...(isText && lines.length === 0 && { body: JSON.parse(body) }),
      ...(isText ? { lines } : { bytes: body }),
    });
    let text = JSON.stringify(value) ?? "";
    // A random value can have any property; a Response has a number.
    let status = typeof value?.http === "number" ? value.http : 200;
    if (isMutated && random.isOneIn(4)) text = mutate(Buffer.from(text), random).toString();
    if (isMutated && random.isOneIn(6)) status = random.pick(STATUSES);
    replies.push(parse(text));
    return toResponse(text, status, random);
  };
  return { send: engine.isDriver ? send : fetch, replies };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A Response, or for speed an object with what is read of one. */
function toResponse(text, status, { isOneIn, pick }) {
  const headers = {
    "content-type": pick(["application/json", "text/html"]),
    "retry-after": pick(["7", "soon", "-1", "1e9", "9".repeat(400)]),
  };
  if (isOneIn(4)) return new Response(status === 204 ? null : text, { status, headers });
  return {
    type: "default",
    status,
    ok: status >= 200 && status < 300,
    body: null,
    statusText: "x".repeat(isOneIn(4) ? 3000 : 2),
    headers: { get: (name) => headers[name] ?? null },
    text: async () => text,
  };
}

function checkAnswer(answer, { item, count }, engine, { replies }) {
  if (answer.status === "not-found") return;
  if (answer.status === "error") return checkError(answer.error, isRetrieval);
  assert.equal(answer.status, "ok");
  assert.ok(answer.hits.length <= count);
  const { ids, numbers } = leavesOf(replies);
  const scores = new Set(
    [...numbers].map((number) => Math.max(-1, Math.min(1, engine.scoreOf(number)))),
  );
  answer.hits.forEach((hit, rank) => {
    assert.ok(typeof hit.item === "string" && hit.item !== "" && hit.item !== item);
    assert.ok(hit.score <= 1 && hit.score >= -1);
    assert.ok(rank === 0 || hit.score <= answer.hits[rank - 1].score);
    assert.ok(ids.has(hit.item), `the id ${JSON.stringify(hit.item)} is in no reply`);
    assert.ok(scores.has(hit.score), `the score ${hit.score} is in no reply`);
  });
}

const isRetrieval = (error) => isSageError(error) && error.code === "retrieval";

async function runVectors(retriever, { replies }, world, isMutated) {
  const items = ["1", "3", "2"];
  let vectors;
  try {
    vectors = await retriever.vectors(items);
  } catch (error) {
    if (!isMutated) throw error;
    checkError(error, isRetrieval);
    return "refused";
  }
  if (!isMutated) {
    assert.deepEqual(
      vectors.map((vector) => vector && [...vector]),
      items.map(world.vectorById),
    );
    return "equal";
  }
  const { numbers } = leavesOf(replies);
  const components = new Set([...numbers].map(Math.fround));
  for (const vector of vectors.filter(Boolean)) {
    assert.ok(vector instanceof Float32Array && vector.length > 0);
    for (const value of vector)
      assert.ok(components.has(value) && Number.isFinite(value), `${value} is in no reply`);
  }
  return "read";
}

/** All ids and numbers in the replies: strings, integers, and decimals, also as strings. */
function leavesOf(replies) {
  const [ids, numbers] = [new Set(), new Set()];
  const visit = (value) => {
    const leaf = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
    if (typeof leaf === "number" && Number.isFinite(leaf)) {
      numbers.add(leaf);
      if (Number.isSafeInteger(leaf)) ids.add(String(leaf));
    } else if (typeof leaf === "string") {
      ids.add(leaf);
      if (DECIMAL.test(leaf)) numbers.add(Number(leaf));
      // pgvector's text of a vector.
      if (leaf.startsWith("[")) parseList(leaf).forEach(visit);
    } else if (leaf instanceof Map) [...leaf].flat().forEach(visit);
    else if (ArrayBuffer.isView(leaf)) [...leaf].forEach(visit);
    else if (typeof leaf === "object" && leaf !== null) visitFields(leaf, visit);
  };
  visit(replies);
  return { ids, numbers };
}

function visitFields(object, visit) {
  for (const key of Object.keys(object)) {
    visit(key);
    try {
      visit(object[key]);
    } catch {
      // A getter that throws has no value.
    }
  }
}

function parseList(text) {
  const value = parse(text);
  return Array.isArray(value) ? value : [];
}

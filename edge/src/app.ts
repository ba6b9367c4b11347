/** HTTP routes: verify the token, validate the request, call the user's object or the engine. */
import { type Context, Hono, type MiddlewareHandler, type Next } from "hono";
import { cors } from "hono/cors";
import { MAX_REQUEST_BYTES } from "pocketsage/privacy/server";
import type { Answer } from "pocketsage/remote";
import { SYNC_LIMITS } from "pocketsage/vault";
import { type AppEnv, checkAccess } from "./access.js";
import { checkBlob } from "./blob-object.js";
import { limitBody, readBytes, readJson, readMedoids, readQuery, validate } from "./body.js";
import { freeBuffer } from "./bytes.js";
import { answerCells } from "./cells.js";
import type { BlobCalls, Conflict, RequestStamp, UserCalls } from "./contract.js";
import { retrieverFor } from "./engine.js";
import { openApi } from "./openapi.js";
import { faultOf, Problem, problemOf, unwrap } from "./problem.js";
import { hash } from "./requests.js";
import {
  ActionsBody,
  BlobQuery,
  BlobsQuery,
  type BlobsReply,
  BoostBody,
  ForgetQuery,
  HideBody,
  HistoryQuery,
  type HistoryReply,
  IdempotencyKey,
  MAX_ACTIONS_BODY_BYTES,
  MAX_BODY_BYTES,
  MAX_IMPORT_BODY_BYTES,
  maxRetrieveBytes,
  NoQuery,
  ProfileQuery,
  type ProfileReply,
  RankBody,
  type RankReply,
  type RecommendationsReply,
  RecommendQuery,
  RequestTime,
  type RetrieveReply,
  ShownBody,
  UnhideQuery,
} from "./schema.js";
import { dimOf, originsOf, SettingError, spaceOf } from "./settings.js";

const DEFAULT_PAGE_ACTIONS = 100; // actions

export const app = new Hono<AppEnv>();

app.use(async (context, next) => {
  const start = Date.now();
  context.set("logFields", {});
  await next();
  const milliseconds = Date.now() - start;
  context.header("server-timing", `total;dur=${milliseconds}`, { append: true });
  context.header("x-content-type-options", "nosniff");
  if (context.req.path !== "/openapi.json") context.header("cache-control", "no-store");
  // The log holds no user id, item id, token or address.
  const { method, routePath } = context.req;
  console.log(
    JSON.stringify({
      method,
      route: routePath,
      status: context.res.status,
      milliseconds,
      ...context.get("logFields"),
    }),
  );
});
app.use((context, next) =>
  cors({
    origin: (origin) => (originsOf(context.env).includes(origin) ? origin : null),
    allowMethods: ["GET", "POST", "PUT", "DELETE"],
    allowHeaders: ["authorization", "content-type", "idempotency-key", "request-time"],
    exposeHeaders: ["server-timing", "retry-after"],
    maxAge: 600,
  })(context, next),
);

app.get("/health", (context) => context.json({ ok: true }));
app.get("/openapi.json", (context) => context.json(openApi()));

app.use("/v1/*", checkAccess);

app.post("/v1/actions", limitBody(MAX_ACTIONS_BODY_BYTES), async (context) => {
  const { body, text } = await readJson(context, ActionsBody);
  const { actions, space } = body;
  const stamp = await stampOf(context, text);
  const result = withoutConflict(unwrap(await userOf(context).record(actions, stamp, space)));
  const { recorded, dropped, repeated } = result;
  context.set("logFields", { actions: actions.length, dropped, repeated });
  const status = repeated || recorded === 0 ? 200 : 201;
  return context.json({ recorded, ...(dropped > 0 ? { dropped } : {}) }, status);
});

app.post("/v1/hidden", limitBody(MAX_BODY_BYTES), async (context) => {
  const { body, text } = await readJson(context, HideBody);
  const items = typeof body.item === "string" ? [body.item] : body.item;
  const stamp = await stampOf(context, text);
  return context.json(withoutConflict(unwrap(await userOf(context).hide(items, stamp))));
});

app.delete("/v1/hidden", async (context) => {
  const { item } = readQuery(context, UnhideQuery, ["item"]);
  const stamp = await stampOf(context, "");
  return context.json(withoutConflict(unwrap(await userOf(context).unhide(item, stamp))));
});

app.get("/v1/hidden", async (context) =>
  context.json({ hidden: unwrap(await userOf(context).hidden()) }),
);

app.post("/v1/disliked", limitBody(MAX_BODY_BYTES), async (context) => {
  const { body, text } = await readJson(context, HideBody);
  const items = typeof body.item === "string" ? [body.item] : body.item;
  const stamp = await stampOf(context, text);
  const actions = items.map((item) => ({ item, weight: -1 }));
  const { recorded } = withoutConflict(unwrap(await userOf(context).record(actions, stamp)));
  return context.json({ items: recorded });
});

app.delete("/v1/disliked", async (context) => {
  const { item } = readQuery(context, UnhideQuery, ["item"]);
  const stamp = await stampOf(context, "");
  return context.json(withoutConflict(unwrap(await userOf(context).undislike(item, stamp))));
});

app.post("/v1/boosts", limitBody(MAX_BODY_BYTES), async (context) => {
  const { body, text } = await readJson(context, BoostBody);
  const stamp = await stampOf(context, text);
  return context.json(withoutConflict(unwrap(await userOf(context).boost(body, stamp))));
});

app.post("/v1/shown", limitBody(MAX_BODY_BYTES), async (context) => {
  const { body } = await readJson(context, ShownBody);
  return context.json(unwrap(await userOf(context).shown(body)));
});

app.get("/v1/parameters", async (context) =>
  context.json({ parameters: unwrap(await userOf(context).parameters()) }),
);

app.get("/v1/actions", async (context) => {
  const { offset = 0, count = DEFAULT_PAGE_ACTIONS, vectors } = readQuery(context, HistoryQuery);
  const query = { offset, count, vectors: vectors === "1" };
  const { actions, more } = unwrap(await userOf(context).actions(query));
  return context.json<HistoryReply>({
    actions: actions.map(({ vector, ...action }) =>
      // Vectors that a sage returns are Float32Arrays.
      vector ? { ...action, vector: Array.from(vector as Float32Array) } : action,
    ),
    ...(more ? { next: offset + count } : {}),
  });
});

app.get("/v1/profile", async (context) => {
  const { vectors, ...query } = readQuery(context, ProfileQuery);
  const { interests, ...profile } = unwrap(await userOf(context).profile(query));
  return context.json<ProfileReply>({
    ...profile,
    interests: interests.map(({ vector, ...interest }) =>
      vectors === "1" ? { ...interest, vector: Array.from(vector) } : interest,
    ),
  });
});

app.get("/v1/recommendations", async (context) => {
  const query = readQuery(context, RecommendQuery, ["exclude"]);
  const recommendations = unwrap(
    await withTiming(context, "user", userOf(context).recommend(query)),
  );
  context.set("logFields", { recommendations: recommendations.length });
  return context.json<RecommendationsReply>({ recommendations });
});

app.post("/v1/rank", limitBody(MAX_ACTIONS_BODY_BYTES), async (context) => {
  const { body } = await readJson(context, RankBody);
  const ranking = unwrap(await withTiming(context, "user", userOf(context).rank(body)));
  context.set("logFields", { ranked: body.items.length });
  return context.json<RankReply>(ranking);
});

app.delete("/v1/actions", async (context) => {
  const query = readQuery(context, ForgetQuery);
  if (query.item !== undefined && (query.from ?? query.to) !== undefined)
    throw new Problem(400, "option", "The query has an item and a time range: send one of them.");
  const stamp = await stampOf(context, "");
  return context.json(withoutConflict(unwrap(await userOf(context).forget(query, stamp))));
});

app.put("/v1/import", limitBody(MAX_IMPORT_BODY_BYTES), async (context) => {
  const bytes = await readBytes(context, "application/octet-stream");
  context.set("logFields", { bytes: bytes.length });
  const reply = unwrap(await userOf(context).import(bytes)); // sends a copy
  freeBuffer(bytes.buffer);
  return context.json(reply);
});

app.get("/v1/export", async (context) => {
  const bytes = unwrap(await userOf(context).export());
  return context.body(bytes, 200, {
    "content-type": "application/octet-stream",
    "content-disposition": 'attachment; filename="pocketsage.sage-log"',
  });
});

/** Sealed blobs of `sync`: no route reads what is in them. */
app.get("/v1/blobs", async (context) => {
  const { since = 0 } = readQuery(context, BlobsQuery);
  return context.json<BlobsReply>(unwrap(await blobsOf(context).list(since)));
});

app.delete("/v1/blobs", async (context) => {
  readQuery(context, NoQuery);
  return context.json(unwrap(await blobsOf(context).remove()));
});

app.get("/v1/blob", async (context) => {
  const { name } = readQuery(context, BlobQuery);
  const bytes = unwrap(await blobsOf(context).get(name));
  if (!bytes)
    throw new Problem(404, "blob", "No such blob: GET /v1/blobs lists those that are there.");
  return context.body(bytes, 200, { "content-type": "application/octet-stream" });
});

app.put("/v1/blob", limitBody(SYNC_LIMITS.maxBlobBytes), async (context) => {
  const { name } = readQuery(context, BlobQuery);
  const bytes = await readBytes(context, "application/octet-stream");
  checkBlob(bytes);
  context.set("logFields", { bytes: bytes.length });
  return context.json(unwrap(await blobsOf(context).put(name, bytes)));
});

app.delete("/v1/blob", async (context) => {
  const { name } = readQuery(context, BlobQuery);
  return context.json(unwrap(await blobsOf(context).remove(name)));
});

/** Answers the medoids of a request without a user. Only answers are cached, by medoid. */
app.post("/v1/retrieve", limitRetrieveBody, async (context) => {
  const queries = await readMedoids(context, dimOf(context.env), spaceOf(context.env));
  const retriever = await retrieverFor(context.env, (work) => context.executionCtx.waitUntil(work));
  const answers = await withTiming(context, "engine", retriever.ask(queries));
  context.set("logFields", { medoids: queries.length, ...countBySource(answers) });
  const failed = answers.filter((answer) => answer.status === "error");
  if (failed.length === answers.length) throw failed[0]!.error;
  return context.json<RetrieveReply>({
    answers: answers.map((answer) =>
      answer.status === "error"
        ? { status: "error", reason: faultOf(answer.error)?.reason ?? answer.error.code }
        : answer,
    ),
  });
});

/** One of the two servers of split retrieval: a random bit vector in, an XOR of cells out. */
app.post("/v1/cells/xor", limitBody(MAX_REQUEST_BYTES), async (context) => {
  const body = await readBytes(context, "application/octet-stream");
  const answer = await withTiming(context, "cells", answerCells(context.env, body));
  context.set("logFields", { bytes: answer.length });
  return context.body(answer, 200, { "content-type": "application/octet-stream" });
});

app.notFound(() => {
  throw new Problem(404, "path", "No such route: see /openapi.json for all routes.");
});

app.onError((error, context) => {
  const { status, code, message, headers, logFields } = problemOf(error);
  context.set("logFields", { ...context.get("logFields"), code, ...logFields });
  return context.json({ error: { code, message } }, status as 400, headers);
});

/** The stamp of a request: its headers Idempotency-Key and Request-Time, and a content hash. */
async function stampOf({ req }: Context<AppEnv>, body: string): Promise<RequestStamp> {
  const key = req.header("idempotency-key");
  const time = req.header("request-time");
  return {
    digest: await hash(req.method, req.path, new URL(req.url).search, body),
    key: key === undefined ? undefined : validate(IdempotencyKey, key, "Idempotency-Key"),
    time: time === undefined ? undefined : validate(RequestTime, time, "Request-Time"),
  };
}

function withoutConflict<T extends object>(result: T): Exclude<T, Conflict> {
  if ("conflict" in result)
    throw new Problem(
      409,
      "repeated",
      "This Idempotency-Key belongs to another request: use a new key.",
    );
  return result as Exclude<T, Conflict>;
}

function limitRetrieveBody(context: Context<AppEnv>, next: Next): ReturnType<MiddlewareHandler> {
  return limitBody(maxRetrieveBytes(dimOf(context.env)))(context, next);
}

/** The Durable Object of the token's user. */
function userOf(context: Context<AppEnv>): UserCalls {
  return context.env.USERS.getByName(userIdOf(context));
}

/** The Durable Object of the blobs of the token's user. */
function blobsOf(context: Context<AppEnv>): BlobCalls {
  const { SYNC } = context.env;
  if (SYNC) return SYNC.getByName(userIdOf(context));
  throw new SettingError(
    "SYNC is not bound: add the Durable Object BlobObject and its migration to wrangler.jsonc, " +
      "as in the repository.",
  );
}

function userIdOf(context: Context<AppEnv>): string {
  const { sub } = context.get("claims");
  if (sub !== undefined) return sub;
  throw new Problem(
    403,
    "user",
    "This token has no user id (sub): it is valid for /v1/retrieve and /v1/cells/xor only.",
  );
}

/** Awaits `work` and adds its duration to the server-timing header. */
async function withTiming<T>(context: Context<AppEnv>, name: string, work: Promise<T>): Promise<T> {
  const start = Date.now();
  try {
    return await work;
  } finally {
    context.header("server-timing", `${name};dur=${Date.now() - start}`, { append: true });
  }
}

/** The number of answers by source ("engine", "cache", ...), or by status where they have none. */
function countBySource(answers: readonly Answer[]): Record<string, number> {
  const answerCounts: Record<string, number> = {};
  for (const answer of answers) {
    const source = answer.status === "ok" ? answer.via : answer.status;
    answerCounts[source] = (answerCounts[source] ?? 0) + 1;
  }
  return answerCounts;
}

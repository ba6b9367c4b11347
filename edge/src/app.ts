/** The routes: check the token, check the words, ask, answer. Nothing here knows how a taste or an engine works. */
import { Hono, type Context } from "hono";
import { cors } from "hono/cors";
import type { Answer } from "pocketsage/remote";
import { check, digest, limited, readJson, readMedoids } from "./body.js";
import { retrieverFor } from "./engine.js";
import { openApi } from "./openapi.js";
import { faultOf, Problem, problemOf, problemOfFault } from "./problem.js";
import { Actions, Hidden, LIMITS, Range, RequestKey, View, Wish } from "./schema.js";
import { dimOf, type Env, keysOf, originsOf } from "./settings.js";
import type { Failure, Taste } from "./taste.js";
import { type Claims, verifyToken } from "./token.js";

type Here = { Bindings: Env; Variables: { claims: Claims; facts: Record<string, unknown> } };

export const app = new Hono<Here>();

app.use(async (context, next) => {
  const begun = Date.now();
  context.set("facts", {});
  await next();
  const milliseconds = Date.now() - begun;
  context.header("server-timing", `total;dur=${milliseconds}`, { append: true });
  context.header("x-content-type-options", "nosniff");
  if (context.req.path !== "/openapi.json") context.header("cache-control", "no-store");
  // No user, no item, no token, no address: what is logged is what the service did.
  const { method, routePath } = context.req;
  console.log(
    JSON.stringify({
      method,
      route: routePath,
      status: context.res.status,
      milliseconds,
      ...context.get("facts"),
    }),
  );
});
app.use((context, next) =>
  cors({
    origin: (origin) => (originsOf(context.env).includes(origin) ? origin : null),
    allowMethods: ["GET", "POST", "DELETE"],
    allowHeaders: ["authorization", "content-type", "idempotency-key"],
    exposeHeaders: ["server-timing", "retry-after"],
    maxAge: 600,
  })(context, next),
);

app.get("/health", (context) => context.json({ ok: true }));
app.get("/openapi.json", (context) => context.json(openApi()));

app.use("/v1/*", async (context, next) => {
  const token = /^Bearer ([\w.-]+)$/.exec(context.req.header("authorization") ?? "")?.[1];
  if (token === undefined) {
    throw new Problem(
      401,
      "token",
      "Send `authorization: Bearer <token>`, minted by the site's backend.",
      { "www-authenticate": "Bearer" },
    );
  }
  const { AUDIENCE = "pocketsage", LIMIT } = context.env;
  const claims = await verifyToken(token, keysOf(context.env), AUDIENCE, Date.now());
  context.set("claims", claims);
  // Visitors without a name may share a token; they are told apart by where they come from, which the limiter alone gets to know.
  const who =
    claims.sub === undefined
      ? `from ${context.req.header("cf-connecting-ip") ?? "anywhere"}`
      : `user ${claims.sub}`;
  const allowed = await LIMIT?.limit({ key: who });
  if (allowed && !allowed.success)
    throw new Problem(429, "rate", "Too many requests: wait a minute.", { "retry-after": "60" });
  await next();
});

app.post("/v1/actions", limited(LIMITS.actionBytes), async (context) => {
  const { body, text } = await readJson(context, Actions);
  const { actions } = body;
  const key = context.req.header("idempotency-key");
  if (key !== undefined) check(RequestKey, key, "Idempotency-Key");
  const said = came(await tasteOf(context).record(actions, key, await digest(text)));
  if ("conflict" in said)
    throw new Problem(
      409,
      "repeated",
      "This Idempotency-Key was used for other actions: take a new one.",
    );
  context.set("facts", { actions: actions.length, repeated: said.repeated });
  return context.json({ recorded: said.recorded }, said.repeated ? 200 : 201);
});

app.post("/v1/hidden", limited(LIMITS.medoidBytes), async (context) => {
  const { body } = await readJson(context, Hidden);
  return context.json(came(await tasteOf(context).hide(body.item)));
});

app.get("/v1/profile", async (context) => {
  const { vectors } = check(View, context.req.query(), "the query");
  const { interests, ...rest } = came(await tasteOf(context).profile());
  return context.json({
    ...rest,
    interests: interests.map(({ vector, ...interest }) =>
      vectors === "1" ? { ...interest, vector: Array.from(vector) } : interest,
    ),
  });
});

app.get("/v1/recommendations", async (context) => {
  const wish = check(Wish, context.req.query(), "the query");
  const recommendations = came(await timed(context, "taste", tasteOf(context).recommend(wish)));
  context.set("facts", { recommendations: recommendations.length });
  return context.json({ recommendations });
});

app.delete("/v1/actions", async (context) => {
  const what = check(Range, context.req.query(), "the query");
  if (what.item !== undefined && (what.from ?? what.to) !== undefined)
    throw new Problem(400, "option", "Forget an item or a range, not both at once.");
  return context.json(came(await tasteOf(context).forget(what)));
});

app.get("/v1/export", async (context) => {
  const bytes = came(await tasteOf(context).export()) as Uint8Array<ArrayBuffer>;
  return context.body(bytes, 200, {
    "content-type": "application/octet-stream",
    "content-disposition": 'attachment; filename="taste.sage-log"',
  });
});

/** Without a taste: compact medoids in, answers out, nothing kept but the answers, by medoid. */
app.post("/v1/retrieve", limited(LIMITS.medoidBytes), async (context) => {
  const queries = await readMedoids(context, dimOf(context.env));
  const retriever = await retrieverFor(context.env, (work) => context.executionCtx.waitUntil(work));
  const answers = await timed(context, "engine", retriever.ask(queries));
  context.set("facts", { medoids: queries.length, ...tally(answers) });
  const failed = answers.filter((answer) => answer.status === "error");
  if (failed.length === answers.length) throw failed[0]!.error;
  return context.json({
    answers: answers.map((answer) =>
      answer.status === "error"
        ? { status: "error", reason: faultOf(answer.error)?.reason ?? answer.error.code }
        : answer,
    ),
  });
});

app.notFound(() => {
  throw new Problem(404, "path", "There is nothing here: /openapi.json says what there is.");
});

app.onError((error, context) => {
  const { status, code, message, headers, facts } = problemOf(error);
  context.set("facts", { ...context.get("facts"), code, ...facts });
  return context.json({ error: { code, message } }, status as 400, headers);
});

function tasteOf(context: Context<Here>): Taste {
  const { sub } = context.get("claims");
  if (sub === undefined)
    throw new Problem(403, "user", "This token names no user (sub): it is for /v1/retrieve alone.");
  // RPC's own types forbid what they cannot prove to be serialisable; here all of it is plain data.
  return context.env.TASTES.get(context.env.TASTES.idFromName(sub)) as unknown as Taste;
}

/** What an object said, or the error it ran into. */
function came<T>(said: T): Exclude<T, Failure> {
  if (typeof said === "object" && said !== null && "failed" in said)
    throw problemOfFault((said as Failure).failed);
  return said as Exclude<T, Failure>;
}

async function timed<T>(context: Context<Here>, name: string, work: Promise<T>): Promise<T> {
  const begun = Date.now();
  try {
    return await work;
  } finally {
    context.header("server-timing", `${name};dur=${Date.now() - begun}`, { append: true });
  }
}

function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const kind = answer.status === "ok" ? answer.via : answer.status;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** The routes: check the token, check the words, ask, answer. Nothing here knows how a taste or an engine works. */
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { init } from "pocketsage";
import { type Answer, decodeMedoids, type RemoteQuery } from "pocketsage/remote";
import * as v from "valibot";
import { retrieverFor } from "./engine.js";
import { openApi } from "./openapi.js";
import { Problem, problemOf } from "./problem.js";
import { Actions, Hidden, LIMITS, Medoids, Range, RequestKey, View, Wish } from "./schema.js";
import { dimOf, type Env, originsOf } from "./settings.js";
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
  console.log(JSON.stringify({ method, route: routePath, status: context.res.status, milliseconds, ...context.get("facts") }));
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
    throw new Problem(401, "token", "Send `authorization: Bearer <token>`, minted by the site's backend.", { "www-authenticate": "Bearer" });
  }
  const { TOKEN_KEYS, AUDIENCE = "pocketsage", LIMIT } = context.env;
  const claims = await verifyToken(token, TOKEN_KEYS, AUDIENCE, Date.now());
  context.set("claims", claims);
  const allowed = await LIMIT?.limit({ key: claims.sub ?? "anonymous" });
  if (allowed && !allowed.success) throw new Problem(429, "rate", "Too many requests: wait a minute.", { "retry-after": "60" });
  await next();
});

app.post("/v1/actions", limited(LIMITS.actionBytes), async (context) => {
  const text = await bodyText(context, "application/json");
  const { actions } = check(Actions, parseJson(text), "the body");
  const key = context.req.header("idempotency-key");
  if (key !== undefined) check(RequestKey, key, "Idempotency-Key");
  const said = came(await tasteOf(context).record(actions, key, await digest(text)));
  if ("conflict" in said) throw new Problem(409, "repeated", "This Idempotency-Key was used for other actions: take a new one.");
  context.set("facts", { actions: actions.length, repeated: said.repeated });
  return context.json({ recorded: said.recorded }, said.repeated ? 200 : 201);
});

app.post("/v1/hidden", limited(LIMITS.medoidBytes), async (context) => {
  const { item } = check(Hidden, parseJson(await bodyText(context, "application/json")), "the body");
  return context.json(came(await tasteOf(context).hide(item)));
});

app.get("/v1/profile", async (context) => {
  const { vectors } = check(View, context.req.query(), "the query");
  const { interests, ...rest } = came(await tasteOf(context).profile());
  return context.json({
    ...rest,
    interests: interests.map(({ vector, ...interest }) => (vectors === "1" ? { ...interest, vector: Array.from(vector) } : interest)),
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
  if (what.item !== undefined && (what.from ?? what.to) !== undefined) throw new Problem(400, "option", "Forget an item or a range, not both at once.");
  return context.json(came(await tasteOf(context).forget(what)));
});

app.get("/v1/export", async (context) => {
  const bytes = came(await tasteOf(context).export()) as Uint8Array<ArrayBuffer>;
  return context.body(bytes, 200, { "content-type": "application/octet-stream", "content-disposition": 'attachment; filename="taste.sage-log"' });
});

/** Without a taste: compact medoids in, answers out, nothing kept but the answers, by medoid. */
app.post("/v1/retrieve", limited(LIMITS.medoidBytes), async (context) => {
  const queries = await readMedoids(context);
  const retriever = await retrieverFor(context.env);
  const answers = await timed(context, "engine", retriever.ask(queries));
  context.set("facts", { medoids: queries.length, ...tally(answers) });
  const failed = answers.filter((answer) => answer.status === "error");
  if (failed.length === answers.length) throw failed[0]!.error;
  return context.json({
    answers: answers.map((answer) => (answer.status === "error" ? { status: "error", reason: reasonOf(answer.error) } : answer)),
  });
});

app.notFound(() => {
  throw new Problem(404, "path", "There is nothing here: /openapi.json says what there is.");
});

app.onError((error, context) => {
  const problem = problemOf(error);
  if (problem.code === "internal") console.error(JSON.stringify({ error: `${error.name}: ${error.message}` }));
  context.set("facts", { ...context.get("facts"), code: problem.code, ...(problem.status >= 500 ? { reason: reasonOf(error) } : {}) });
  const { status, code, message, headers } = problem;
  return context.json({ error: { code, message } }, status as 400, headers);
});

function limited(bytes: number) {
  return bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw new Problem(413, "body", `The body is larger than ${bytes} bytes: send less at once.`);
    },
  });
}

function tasteOf(context: Context<Here>): Taste {
  const { sub } = context.get("claims");
  if (sub === undefined) throw new Problem(403, "user", "This token names no user (sub): it is for /v1/retrieve alone.");
  // RPC's own types forbid what they cannot prove to be serialisable; here all of it is plain data.
  return context.env.TASTES.get(context.env.TASTES.idFromName(sub)) as unknown as Taste;
}

/** What an object said, or the error it ran into. */
function came<T>(said: T): Exclude<T, Failure> {
  if (typeof said !== "object" || said === null || !("failed" in said)) return said as Exclude<T, Failure>;
  const { code, message, reason } = (said as Failure).failed;
  const status = reason === "open" ? 503 : reason === "timeout" || reason === "deadline" ? 504 : undefined;
  const headers: Record<string, string> = reason === "open" ? { "retry-after": "10" } : {};
  throw new Problem(status ?? problemOf(Object.assign(new Error(message), { name: "SageError", code })).status, code, message, headers);
}

async function timed<T>(context: Context<Here>, name: string, work: Promise<T>): Promise<T> {
  const begun = Date.now();
  try {
    return await work;
  } finally {
    context.header("server-timing", `${name};dur=${Date.now() - begun}`, { append: true });
  }
}

async function readMedoids(context: Context<Here>): Promise<RemoteQuery[]> {
  const dim = dimOf(context.env);
  const queries = /^application\/cbor\b/.test(context.req.header("content-type") ?? "") ? await readCompact(context) : await readPlain(context);
  for (const { vector } of queries) {
    if (vector && vector.length !== dim) throw new Problem(400, "dimension", `A vector has ${vector.length} numbers, expected ${dim}.`);
  }
  return queries;
}

async function readPlain(context: Context<Here>): Promise<RemoteQuery[]> {
  const { count, medoids } = check(Medoids, parseJson(await bodyText(context, "application/json")), "the body");
  return medoids.map(({ item, vector }) => ({
    ...(item === undefined ? {} : { item }),
    ...(vector === undefined ? {} : { vector: Float32Array.from(vector) }),
    count,
  }));
}

async function readCompact(context: Context<Here>): Promise<RemoteQuery[]> {
  await init();
  const queries = decodeMedoids(new Uint8Array(await context.req.arrayBuffer()));
  const { count } = queries[0]!;
  check(Medoids, { count, medoids: queries.map(({ item }) => ({ item: item ?? "by vector" })) }, "the message");
  return queries;
}

async function bodyText(context: Context<Here>, type: string): Promise<string> {
  const given = context.req.header("content-type") ?? "nothing";
  if (!given.startsWith(type)) throw new Problem(415, "body", `Expected a body of ${type}, saw ${given.slice(0, 60)}.`);
  return context.req.text();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Problem(400, "body", "The body is not JSON.");
  }
}

function check<Schema extends v.GenericSchema>(schema: Schema, value: unknown, where: string): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new Problem(400, "body", `${where}${path ? `: ${path}` : ""}: ${issue.message.slice(0, 200)}.`);
}

function reasonOf(error: Error): string {
  return (error as { reason?: string }).reason ?? (error as { code?: string }).code ?? "internal";
}

function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const kind = answer.status === "ok" ? answer.via : answer.status;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

async function digest(text: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

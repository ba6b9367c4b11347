/**
 * The OHTTP gateway (RFC 9458, at the path of RFC 9540) in front of the app: a relay forwards
 * encrypted requests for routes that need no user, so the Worker sees no address of a device.
 */
import { ohttpGateway } from "pocketsage/privacy/ohttp";
import { MAX_REQUEST_BYTES } from "pocketsage/privacy/server";
import { addressOf, isAddressKey } from "./access.js";
import { bugOf, faultOf } from "./problem.js";
import { type Env, ohttpKeysOf, type RateLimiter } from "./settings.js";

const PATH = "/.well-known/ohttp-gateway";
/** Routes that need no user token: a token would identify the user despite the relay. */
const ROUTES = ["/v1/retrieve", "/v1/cells/xor"];
const CELL_FILE_PATH = /^\/cells\/[\w-]+(\/[\w-]+)?\.(json|bin|cell)$/;
/** Requests are padded to a power of two. */
const MAX_BYTES = 2 ** Math.ceil(Math.log2(MAX_REQUEST_BYTES + 4096));

type App = (request: Request, env: Env, context: ExecutionContext) => Promise<Response>;
interface Call {
  readonly env: Env;
  readonly context: ExecutionContext;
  readonly app: App;
}

/** One gateway per set of keys: it detects repeated requests by those it has seen. */
let opened: { keys: string; gateway: ReturnType<typeof openGateway> } | undefined;

/** The reply of the gateway; undefined if the request is for the app, or there is no gateway. */
export async function answerOhttp(request: Request, call: Call): Promise<Response | undefined> {
  if (new URL(request.url).pathname !== PATH) return undefined;
  try {
    const keys = ohttpKeysOf(call.env);
    if (!keys) return undefined;
    if (!(await isWithinLimit(request, call.env))) {
      console.log(JSON.stringify({ method: request.method, route: PATH, status: 429 }));
      // workerd ends a connection whose request is not read, and a relay's next request with it.
      if (Number(request.headers.get("content-length") ?? Infinity) <= MAX_BYTES)
        await request.arrayBuffer();
      return problemReply(429, "Too many requests", { "retry-after": "60" });
    }
    const text = call.env.OHTTP_KEYS!;
    if (opened?.keys !== text) opened = { keys: text, gateway: openGateway(keys) };
    const gateway = await opened.gateway;
    const reply = await gateway(request, call);
    console.log(JSON.stringify({ method: request.method, route: PATH, status: reply.status }));
    return reply;
  } catch (error) {
    // The relay gets no details; the log the name of a setting, or the place of a bug.
    const { message: problem, bug } = faultOf(error) ?? bugOf(error);
    console.log(
      JSON.stringify({ method: request.method, route: PATH, status: 500, problem, ...bug }),
    );
    return problemReply(500, "Internal error");
  }
}

/**
 * Counts a request for its relay, before it is decrypted: requests of all devices come from there,
 * so devices cannot be distinguished.
 */
async function isWithinLimit(request: Request, { GATEWAY_LIMIT }: Env): Promise<boolean> {
  const outcome = await GATEWAY_LIMIT?.limit({ key: `relay ${addressOf(request)}` });
  return outcome?.success ?? true;
}

/** Limits users by their tokens only: requests through the gateway have no client address. */
function limitOfUsers(limiter: RateLimiter): RateLimiter {
  return {
    limit: async (options) =>
      isAddressKey(options.key) ? { success: true } : limiter.limit(options),
  };
}

function problemReply(
  status: number,
  title: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify({ type: "about:blank", title, status }), {
    status,
    headers: {
      "cache-control": "no-store",
      "content-type": "application/problem+json",
      ...headers,
    },
  });
}

function openGateway(keys: [number, Uint8Array][]) {
  return ohttpGateway<Call>({ keys, handle: answerInner, maxBytes: MAX_BYTES });
}

function answerInner(request: Request, { env, context, app }: Call): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method === "GET" && CELL_FILE_PATH.test(pathname) && env.ASSETS)
    return env.ASSETS.fetch(`https://assets.invalid${pathname}`);
  if (request.method === "POST" && ROUTES.includes(pathname)) {
    const { LIMIT, ...others } = env;
    return app(request, LIMIT ? { ...others, LIMIT: limitOfUsers(LIMIT) } : others, context);
  }
  const message = `Expected POST ${ROUTES.join(" or ")}, or GET of a file of cells.`;
  return Promise.resolve(Response.json({ error: { code: "path", message } }, { status: 404 }));
}

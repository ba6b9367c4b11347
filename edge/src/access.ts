/** Access to the routes under /v1: the token of a request, and the rate limits. */
import type { Context, Next } from "hono";
import { Problem } from "./problem.js";
import { type Env, keysOf } from "./settings.js";
import { type Claims, TokenError, verifyToken } from "./token.js";

/** The bindings and variables of a request. */
export type AppEnv = {
  Bindings: Env;
  Variables: { claims: Claims; logFields: Record<string, unknown> };
};

/**
 * Middleware that verifies the token and sets its claims. Limited per minute: the requests of a
 * user, and per address those without a user and those whose token is refused.
 *
 * No user can lock out another. The `sub` of a refused token counts for nothing, unless the
 * signature is right (an expired token), and then apart from the user's valid tokens. A valid token
 * passes whatever else its address has sent, because users share addresses (offices, mobile
 * networks). So the limit of refused tokens applies after the signature, whose verification takes
 * less time than the rest of a refusal.
 */
export async function checkAccess(context: Context<AppEnv>, next: Next): Promise<void> {
  let claims: Claims;
  try {
    claims = await claimsOf(context);
  } catch (error) {
    await countRefusal(context, error);
    throw error;
  }
  context.set("claims", claims);
  const { sub } = claims;
  // Visitors without a user may share a token, so their limit is per address.
  const key = sub === undefined ? `from ${addressOf(context.req.raw)}` : `user ${sub}`;
  await countRequest(context, key);
  await next();
}

async function claimsOf({ req, env }: Context<AppEnv>): Promise<Claims> {
  const token = /^Bearer ([\w.-]+)$/i.exec(req.header("authorization") ?? "")?.[1];
  if (token !== undefined) return verifyToken(token, keysOf(env), env.AUDIENCE ?? "pocketsage");
  throw new Problem(
    401,
    "token",
    "No token: send `authorization: Bearer <token>`, minted by the site's backend.",
    { "www-authenticate": "Bearer" },
  );
}

/** Counts a request that was refused for its token. Other errors are those of the settings. */
async function countRefusal(context: Context<AppEnv>, error: unknown): Promise<void> {
  if (error instanceof TokenError && typeof error.sub === "string")
    await countRequest(context, `expired ${error.sub}`);
  else if (error instanceof TokenError || error instanceof Problem)
    await countRequest(context, `refused ${addressOf(context.req.raw)}`);
}

/** Whether a key of the limiter is an address, and not a user. */
export function isAddressKey(key: string): boolean {
  return /^(from|refused) /.test(key);
}

/** Throws a 429 if the limit of `key` is exceeded. Only the limiter sees the key. */
async function countRequest({ env }: Context<AppEnv>, key: string): Promise<void> {
  const outcome = await env.LIMIT?.limit({ key });
  if (outcome && !outcome.success)
    throw new Problem(429, "rate", "Too many requests: wait a minute.", { "retry-after": "60" });
}

/**
 * The address a request came from, set by Cloudflare. Of an IPv6 address the first 64 bits: the
 * rest is the device's own choice.
 */
export function addressOf({ headers }: Request): string {
  const address = headers.get("cf-connecting-ip") ?? "anywhere";
  return address.includes(":") ? networkOf(address) : address;
}

/** The first four groups of an IPv6 address, `::` written out, without leading zeros. */
function networkOf(address: string): string {
  if (address.includes(".")) return address.slice(address.lastIndexOf(":") + 1); // IPv4 in IPv6
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const tailGroups = tail === undefined || tail === "" ? [] : tail.split(":");
  const missingCount = tail === undefined ? 0 : 8 - groups.length - tailGroups.length;
  const allGroups = [
    ...groups,
    ...Array.from({ length: Math.max(0, missingCount) }, () => "0"),
    ...tailGroups,
  ];
  return allGroups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

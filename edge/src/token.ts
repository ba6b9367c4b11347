/**
 * Who is asking: a JSON Web Token (HS256) that the site's backend mints for its signed-in user, valid for an hour at most. The key is chosen by
 * the token's `kid`, so that keys can be changed: add the new one, mint with it, and remove the old one an hour later.
 */

/** What a token says. Without `sub` it may ask for items, and has no taste of its own. */
export interface Claims {
  sub?: string;
  aud: string;
  iat: number;
  exp: number;
}

/** Why a token was refused. */
export class TokenError extends Error {}

const LEEWAY = 60; // seconds that clocks may differ
const LONGEST = 3600;
const imported = new Map<string, CryptoKey>();

/** The claims of a token, or a TokenError. `keys` by their ids; `now` in milliseconds. */
export async function verifyToken(
  token: string,
  keys: ReadonlyMap<string, string>,
  audience: string,
  now: number,
): Promise<Claims> {
  const parts = token.split(".");
  if (parts.length !== 3 || token.length > 2048) throw new TokenError("it is not a signed token");
  const [head, body, signature] = parts as [string, string, string];
  const { alg, kid, crit } = readPart(head);
  if (alg !== "HS256" || typeof kid !== "string")
    throw new TokenError('expected the algorithm "HS256" and a key id (kid)');
  if (crit !== undefined) throw new TokenError("it has critical extensions");
  const secret = keys.get(kid);
  if (secret === undefined) throw new TokenError("its key is not known (any more)");
  const signed = new TextEncoder().encode(`${head}.${body}`);
  if (!(await crypto.subtle.verify("HMAC", await keyOf(secret), fromBase64(signature), signed)))
    throw new TokenError("its signature is wrong");
  return checkClaims(readPart(body), audience, now / 1000);
}

function checkClaims(claims: Record<string, unknown>, audience: string, now: number): Claims {
  const { sub, aud, iat, nbf = iat, exp } = claims;
  if (![aud].flat().includes(audience)) throw new TokenError("it is for somebody else (aud)");
  if (typeof iat !== "number" || typeof exp !== "number" || !Number.isFinite(iat + exp))
    throw new TokenError("it has no iat and exp");
  if (exp - iat > LONGEST) throw new TokenError(`it is valid for more than ${LONGEST} seconds`);
  if (exp + LEEWAY <= now) throw new TokenError("it has expired");
  if (typeof nbf !== "number" || Math.max(iat, nbf) - LEEWAY > now)
    throw new TokenError("it is from the future: check the clock that minted it");
  if (sub !== undefined && (typeof sub !== "string" || sub === "" || sub.length > 256))
    throw new TokenError("its sub is not a user id");
  return { ...(sub === undefined ? {} : { sub }), aud: audience, iat, exp };
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const known = imported.get(secret);
  if (known) return known;
  const key = await crypto.subtle.importKey(
    "raw",
    fromBase64(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["verify"],
  );
  imported.set(secret, key);
  return key;
}

function readPart(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(fromBase64(part)),
    );
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new TokenError("it cannot be read");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
      letter.charCodeAt(0),
    );
  } catch {
    throw new TokenError("it cannot be read");
  }
}

/**
 * Verification of the JSON Web Tokens that a site's backend mints for its signed-in users. jose
 * verifies format, signature, audience and times. The rules of this service come on top: HS256
 * only, `kid` names a key of TOKEN_KEYS, canonical base64url, and a lifetime of at most an hour.
 * (hono/jwt is 4 KB smaller, but tolerates no difference between clocks.)
 */
import { base64url, errors, type JWTHeaderParameters, jwtVerify } from "jose";

/** The claims of a valid token. Without `sub` it is valid for /v1/retrieve only. */
export interface Claims {
  sub?: string;
}

/**
 * The reason a token was refused. `sub` is the user id if the signature is right, else undefined.
 */
export class TokenError extends Error {
  constructor(
    message: string,
    readonly sub?: unknown,
  ) {
    super(message);
  }
}

const CLOCK_TOLERANCE_SECONDS = 60;
const MAX_LIFETIME_SECONDS = 3600;
const MAX_TOKEN_LENGTH = 2048;
const MAX_USER_ID_LENGTH = 256;

/**
 * Pattern of one part of a token: base64url without padding. The unused bits of its last character
 * are zero, otherwise several strings would encode the same token.
 */
const BASE64URL_PART = "(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?";
const CANONICAL_TOKEN = new RegExp(`^${BASE64URL_PART}\\.${BASE64URL_PART}\\.${BASE64URL_PART}$`);

/** Imported signature keys, by their secret. */
const importedKeys = new Map<string, Promise<CryptoKey>>();

/** The claims of a token; throws a TokenError if it is invalid. `keys` maps key ids to secrets. */
export async function verifyToken(
  token: string,
  keys: ReadonlyMap<string, string>,
  audience: string,
): Promise<Claims> {
  if (token.length > MAX_TOKEN_LENGTH)
    throw new TokenError(`it has more than ${MAX_TOKEN_LENGTH} characters`);
  if (!CANONICAL_TOKEN.test(token)) throw new TokenError("it is not a JSON Web Token");
  try {
    const { payload } = await jwtVerify(token, (header) => keyOf(header, keys), {
      algorithms: ["HS256"],
      audience,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      maxTokenAge: MAX_LIFETIME_SECONDS,
      requiredClaims: ["iat", "exp"],
    });
    const { sub, iat, exp } = payload as { sub?: unknown; iat: number; exp: number };
    if (exp - iat > MAX_LIFETIME_SECONDS)
      throw new TokenError(`its lifetime (exp - iat) exceeds ${MAX_LIFETIME_SECONDS} seconds`, sub);
    if (sub === undefined) return {};
    if (typeof sub !== "string" || sub === "" || sub.length > MAX_USER_ID_LENGTH)
      throw new TokenError(`its sub is not a string of 1 to ${MAX_USER_ID_LENGTH} characters`);
    return { sub };
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    // jose validates the claims after the signature, so these errors have verified claims.
    const isSigned =
      error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
    throw new TokenError(reasonOf(error), isSigned ? error.payload.sub : undefined);
  }
}

function keyOf(
  { kid, crit }: JWTHeaderParameters,
  keys: ReadonlyMap<string, string>,
): Promise<CryptoKey> {
  if (crit !== undefined) throw new TokenError("its header has critical extensions (crit)");
  const secret = typeof kid === "string" ? keys.get(kid) : undefined;
  if (secret === undefined) throw new TokenError("its key id (kid) is not in TOKEN_KEYS");
  let key = importedKeys.get(secret);
  if (!key) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    key = crypto.subtle.importKey("raw", base64url.decode(secret), algorithm, false, ["verify"]);
    importedKeys.set(secret, key);
  }
  return key;
}

/** The reason of a refusal as text. jose's own messages would expose its vocabulary. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "it has expired (exp)";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === "missing") return `it has no ${error.claim}`;
    if (error.claim === "aud") return "its audience (aud) does not match AUDIENCE";
    return `its ${error.claim} is in the future or no number of seconds: check the backend's clock`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "its algorithm (alg) is not HS256";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is wrong";
  return "it is not a JSON Web Token";
}

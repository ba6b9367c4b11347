// Keys and tokens for the Worker. A backend does the same as `token`, with any JWT library.
//   node mint.mjs key           prints a new TOKEN_KEYS for `wrangler secret put TOKEN_KEYS`
//   node mint.mjs token [USER]  prints a token valid for ten minutes, signed with the last key of
//                               TOKEN_KEYS (environment or .dev.vars); without USER it is valid
//                               for /v1/retrieve only
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { base64url, SignJWT } from "jose";

const LIFETIME = "10 minutes";

const [command, userId] = process.argv.slice(2);
if (command === "key") {
  const keyId = new Date().toISOString().slice(0, 10);
  console.log(JSON.stringify({ [keyId]: base64url.encode(randomBytes(32)) }));
} else if (command === "token") {
  console.log(await mint(newestKey(), userId));
} else {
  fail("Usage: node mint.mjs key, or node mint.mjs token [USER].");
}

function mint([kid, secret], sub) {
  return new SignJWT(sub === undefined ? {} : { sub })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid })
    .setAudience(process.env.AUDIENCE ?? "pocketsage")
    .setIssuedAt()
    .setExpirationTime(LIFETIME)
    .sign(base64url.decode(secret));
}

/** The last entry of TOKEN_KEYS: [key id, secret]. */
function newestKey() {
  const file = new URL(".dev.vars", import.meta.url);
  const line = existsSync(file)
    ? /^TOKEN_KEYS=(.*)$/m.exec(readFileSync(file, "utf8"))?.[1]
    : undefined;
  const keys = process.env.TOKEN_KEYS ?? line;
  if (!keys)
    fail(
      "TOKEN_KEYS is neither in the environment nor in .dev.vars. To create it: " +
        'echo "TOKEN_KEYS=$(node mint.mjs key)" > .dev.vars',
    );
  try {
    return Object.entries(JSON.parse(keys)).at(-1);
  } catch {
    fail("TOKEN_KEYS is not JSON as `node mint.mjs key` prints it.");
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

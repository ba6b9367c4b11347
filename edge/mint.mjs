// Keys and tokens for the Worker. Your backend does what `token` does, with any JWT library, for the user it has signed in.
//   node mint.mjs key            a new TOKEN_KEYS, to be put with `wrangler secret put TOKEN_KEYS`, or into .dev.vars
//   node mint.mjs token [USER]   a token valid for ten minutes, signed with TOKEN_KEYS of the environment or of .dev.vars; without USER for /v1/retrieve alone
import { createHmac, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

const [what, user] = process.argv.slice(2);
if (what === "key") {
  const name = new Date().toISOString().slice(0, 10);
  console.log(JSON.stringify({ [name]: randomBytes(32).toString("base64url") }));
} else if (what === "token") {
  console.log(token(newestKey(), user));
} else {
  fail("Usage: node mint.mjs key, or node mint.mjs token [USER].");
}

function token([kid, secret], sub) {
  const iat = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub, aud: process.env.AUDIENCE ?? "pocketsage", iat, exp: iat + 600 };
  const signed = `${part({ alg: "HS256", typ: "JWT", kid })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", Buffer.from(secret, "base64url")).update(signed).digest("base64url")}`;
}

/** The last of TOKEN_KEYS. */
function newestKey() {
  const file = new URL(".dev.vars", import.meta.url);
  const line = existsSync(file)
    ? /^TOKEN_KEYS=(.*)$/m.exec(readFileSync(file, "utf8"))?.[1]
    : undefined;
  const keys = process.env.TOKEN_KEYS ?? line;
  if (!keys)
    fail(
      'There is no TOKEN_KEYS, neither in the environment nor in .dev.vars: echo "TOKEN_KEYS=$(node mint.mjs key)" > .dev.vars',
    );
  try {
    return Object.entries(JSON.parse(keys)).at(-1);
  } catch {
    fail("TOKEN_KEYS is not what `node mint.mjs key` prints.");
  }
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

// Keys and tokens for the Worker. Your backend does what `token` does, with any JWT library, for the user it has signed in.
//   node mint.mjs key                       a new TOKEN_KEYS, to be put with `wrangler secret put TOKEN_KEYS`
//   TOKEN_KEYS=... node mint.mjs token USER  a token for this user, valid for ten minutes
import { createHmac, randomBytes } from "node:crypto";

const [what, user] = process.argv.slice(2);
if (what === "key") {
  const name = new Date().toISOString().slice(0, 10);
  console.log(JSON.stringify({ [name]: randomBytes(32).toString("base64url") }));
} else if (what === "token" && process.env.TOKEN_KEYS) {
  const [kid, secret] = Object.entries(JSON.parse(process.env.TOKEN_KEYS)).at(-1);
  const iat = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT", kid })}.${part({ sub: user, aud: "pocketsage", iat, exp: iat + 600 })}`;
  console.log(`${signed}.${createHmac("sha256", Buffer.from(secret, "base64url")).update(signed).digest("base64url")}`);
} else {
  console.error("mint.mjs key | TOKEN_KEYS=... mint.mjs token USER");
  process.exitCode = 1;
}

/**
 * `ohttpFetch`: a `fetch` whose requests go through a relay to a gateway. Beside send.ts the only
 * file of ts/privacy/ that uses `fetch`.
 */
import { isSageError, reasonOf, SageError } from "../../errors.js";
import type { BytesLike } from "../../item.js";
import { checkFunction, checkKeys, checkUrl, toBytes, unexpected } from "../../values/check.js";
import { nameOfUrl } from "../../values/url.js";
import { type BinaryMessage, decodeMessage, encodeMessage } from "./binary-http.js";
import {
  decodeKeys,
  encapsulate,
  REQUEST_OVERHEAD_BYTES,
  RESPONSE_OVERHEAD_BYTES,
} from "./encapsulation.js";
import { KEY_PROBLEM, REQUEST_TYPE } from "./media-types.js";

/** Options of {@link ohttpFetch}. */
export interface OhttpOptions {
  /** Address of the relay, run by another operator than the gateway. */
  relay: string | URL;
  /**
   * The bytes of the gateway's `application/ohttp-keys`, delivered with the page, the same for all
   * users: fetched by each device they could single it out.
   */
  keys: BytesLike;
  /** Replacement of `fetch`. Default: `globalThis.fetch`, read at each request. */
  fetch?: typeof fetch;
  /** Clock in milliseconds since the epoch. Default: `Date.now`. */
  now?: () => number;
}

const NO_KEY =
  "expected a public key of X25519, in a browser that has it (Chromium 133, Firefox 130, Safari " +
  "17), saw one that encrypts nothing: fetch them from the gateway.";

/** Header fields that reach the gateway; others could single out a device. */
const SENT_FIELDS = ["accept", "authorization", "content-type"];

/**
 * A `fetch` for the option `fetch` of `openPrivacy` and of the adapters of `pocketsage/remote`: it
 * encrypts each request for the gateway (RFC 9458) and posts it to the relay. The relay learns the
 * address of the device and a length that is a power of two; the gateway learns the request and
 * the address of the relay. Throws code "option".
 *
 * The function rejects with code "retrieval" if the relay cannot be reached, if it or the gateway
 * refuse, or if the reply was altered. Nothing is sent twice, and nothing past the relay.
 */
export function ohttpFetch(options: OhttpOptions): typeof fetch {
  checkKeys("ohttpFetch", options, ["relay", "keys", "fetch", "now"]);
  const { now = Date.now } = options;
  checkFunction("ohttpFetch: now", now);
  if (options.fetch !== undefined) checkFunction("ohttpFetch: fetch", options.fetch);
  const relay = checkUrl("ohttpFetch: relay", options.relay);
  const keyBytes = toBytes(options.keys);
  const { protocol, username = "" } = URL.canParse(relay) ? new URL(relay) : { protocol: "" };
  if (!/^https?:$/.test(protocol) || username !== "")
    throw unexpected("ohttpFetch: relay", "a URL of HTTP without a user name", nameOfUrl(relay));
  if (!keyBytes) throw unexpected("ohttpFetch: keys", "bytes", options.keys);
  const config = decodeKeys(keyBytes);
  return async (input, init) => {
    const inner = new Request(input, init as RequestInit);
    const message = await binaryRequest(inner, now());
    const plain = encodeMessage(message, REQUEST_OVERHEAD_BYTES);
    const sealed = await encapsulate(config, plain).catch((cause: unknown) => {
      throw new SageError("option", `ohttpFetch: keys: ${NO_KEY}`, { cause });
    });
    const fetchFn =
      options.fetch ?? ((...args: Parameters<typeof fetch>) => globalThis.fetch(...args));
    const signal = init?.signal ?? inner.signal;
    const reply = await fetchFn(relay, {
      method: "POST",
      body: sealed.bytes,
      headers: { "content-type": REQUEST_TYPE },
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "error",
      signal,
    }).catch((error: unknown) => {
      if (signal.aborted || isSageError(error)) throw error;
      throw failure(
        relay,
        `the relay cannot be reached (${reasonOf(error).slice(0, 100)}).`,
        error,
      );
    });
    if (!reply.ok) throw await refusal(relay, reply);
    const bytes = new Uint8Array(await reply.arrayBuffer());
    if (bytes.length <= RESPONSE_OVERHEAD_BYTES)
      throw failure(relay, `the reply has ${bytes.length} bytes and no content.`);
    const opened = await sealed.openReply(bytes).catch((error: unknown) => {
      throw failure(relay, "the reply was altered, or is that of another request.", error);
    });
    return toResponse(relay, opened);
  };
}

async function binaryRequest(request: Request, now: number): Promise<BinaryMessage> {
  const { protocol, host, pathname, search } = new URL(request.url);
  const fields = SENT_FIELDS.flatMap((name) => {
    const value = request.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return {
    control: [request.method, protocol.slice(0, -1), host, pathname + search],
    fields: [...fields, ["date", new Date(now).toUTCString()]],
    body: new Uint8Array(await request.arrayBuffer()),
  };
}

function toResponse(relay: string, bytes: Uint8Array): Response {
  try {
    const { control: status, fields, body } = decodeMessage(bytes);
    if (typeof status !== "number") throw new RangeError("it is a request");
    const hasNoBody = [204, 205, 304].includes(status);
    return new Response(hasNoBody ? null : body.slice(), {
      status,
      headers: fields.map(copyField),
    });
  } catch (error) {
    throw failure(relay, "the gateway's reply is malformed.", error);
  }
}

function copyField([name, value]: readonly [string, string]): [string, string] {
  return [name, value];
}

/** The reason of the gateway, if it gives one as problem details (RFC 9457). */
async function refusal(relay: string, reply: Response): Promise<SageError> {
  const text = await reply.text().catch(() => "");
  let problem: { type?: unknown; title?: unknown } = {};
  try {
    problem = (JSON.parse(text) as typeof problem | null) ?? {};
  } catch {
    // Not JSON: a relay may answer with an HTML page.
  }
  if (problem.type === KEY_PROBLEM)
    return failure(relay, "the gateway has other keys: deliver its current ones with the page.");
  // Control and format characters could steer a terminal.
  const title =
    typeof problem.title === "string"
      ? ` (${problem.title.slice(0, 100).replace(/\p{C}/gu, "?")})`
      : "";
  return failure(relay, `the answer was ${reply.status}${title}.`);
}

function failure(relay: string, problem: string, cause?: unknown): SageError {
  const message = `${nameOfUrl(relay)}: ${problem} No other request was sent instead.`;
  return new SageError("retrieval", message, { cause });
}

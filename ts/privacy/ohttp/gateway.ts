/** `ohttpGateway`: opens encapsulated requests, calls a handler, and seals its reply. */
import { SageError } from "../../errors.js";
import {
  checkFunction,
  checkInteger,
  checkKeys,
  checkPositive,
  unexpected,
} from "../../values/check.js";
import { checkRequest } from "../check-request.js";
import { type BinaryMessage, decodeMessage, encodeMessage } from "./binary-http.js";
import {
  decapsulate,
  encodeKeys,
  type GatewayKey,
  gatewayKey,
  keyIdOf,
  RESPONSE_OVERHEAD_BYTES,
} from "./encapsulation.js";
import {
  DATE_PROBLEM,
  KEY_PROBLEM,
  KEYS_TYPE,
  REQUEST_TYPE,
  RESPONSE_TYPE,
} from "./media-types.js";
import { PRIVATE_HEADERS, Refusal, readLimited, refusalReply } from "./refusal.js";

/** Options of {@link ohttpGateway}. */
export interface OhttpGatewayOptions<Context = void> {
  /**
   * Seeds of private keys by id, 0 to 255; at least 32 random bytes each. The first is offered to
   * clients, all are accepted. Rotation: put the new one first, and remove the old one when pages
   * with its public key are gone.
   */
  keys: readonly (readonly [id: number, seed: Uint8Array])[];
  /**
   * Answers a request. It has the fields that the client sent, and no address. `context` is the
   * second argument of the gateway's call.
   */
  handle: (request: Request, context: Context) => Promise<Response>;
  /** Largest encapsulated request in bytes. Default: 65,536. */
  maxBytes?: number;
  /** Seconds by which the date of a request may differ from the clock. Default: 300. */
  maxSkewSeconds?: number;
  /** Clock in milliseconds since the epoch. Default: `Date.now`. */
  now?: () => number;
}

const MAX_KEY_ID = 255;
const MIN_SEED_BYTES = 32;
/** Number of the newest requests whose repetition is detected. */
const MAX_SEEN_REQUESTS = 100_000;
/** Header fields of a reply that reach the client. */
const REPLY_FIELDS = ["content-type", "retry-after"];

/**
 * A handler for the gateway's address: GET returns `application/ohttp-keys`, POST takes a request
 * of {@link ohttpFetch} or another client of RFC 9458. Statuses: 200, 400 for a malformed, altered
 * or outdated request, a repeated one, or one for another key, 405, 413, 415. Repetition is noticed
 * by this instance, within the dates that it accepts. Rejects with code "option"; the handler with
 * the errors of `handle`, and with "option" if that returns no Response.
 */
export async function ohttpGateway<Context = void>(
  options: OhttpGatewayOptions<Context>,
): Promise<(request: Request, context: Context) => Promise<Response>> {
  checkKeys("ohttpGateway", options, ["keys", "handle", "maxBytes", "maxSkewSeconds", "now"]);
  const { handle, now = Date.now } = options;
  checkFunction("ohttpGateway: handle", handle);
  checkFunction("ohttpGateway: now", now);
  const maxBytes = checkInteger("ohttpGateway: maxBytes", options.maxBytes ?? 65_536);
  const skew = checkPositive("ohttpGateway: maxSkewSeconds", options.maxSkewSeconds ?? 300, 86_400);
  const keys = await openKeys(options.keys);
  const keyById = new Map(keys.map((key) => [key.id, key]));
  const config = await encodeKeys(keys);
  /** Encapsulated keys of accepted requests, oldest first, and until when they are refused. */
  const seen = new Map<string, number>();

  const checkFresh = (enc: Uint8Array, { fields }: BinaryMessage): void => {
    const date = Date.parse(fields.find(([name]) => name === "date")?.[1] ?? "");
    const time = now();
    if (!(Math.abs(date - time) <= skew * 1000))
      throw new Refusal(400, "The date is missing, or not that of this clock", DATE_PROBLEM);
    const id = enc.join();
    if ((seen.get(id) ?? 0) > time) throw new Refusal(400, "The request was received before");
    for (const [oldest, until] of seen) {
      if (until > time && seen.size < MAX_SEEN_REQUESTS) break;
      seen.delete(oldest);
    }
    seen.set(id, time + 2 * skew * 1000);
  };

  const answer = async (bytes: Uint8Array, context: Context): Promise<Uint8Array<ArrayBuffer>> => {
    const key = keyById.get(keyIdOf(bytes) ?? -1);
    if (!key) throw new Refusal(400, "The key is not one of this gateway", KEY_PROBLEM);
    const opened = await decapsulate(key, bytes).catch(() => {
      throw new Refusal(400, "The request was altered, or is for another key");
    });
    let message: BinaryMessage;
    try {
      message = decodeMessage(opened.plain);
    } catch {
      throw new Refusal(400, "The request is no binary HTTP");
    }
    checkFresh(opened.enc, message);
    const reply = checkReply(await handle(requestOf(message), context));
    return opened.sealReply(encodeMessage(await replyOf(reply), RESPONSE_OVERHEAD_BYTES));
  };

  return async (request, context) => {
    checkRequest("ohttpGateway", request);
    if (request.method === "GET")
      return new Response(config, { headers: { ...PRIVATE_HEADERS, "content-type": KEYS_TYPE } });
    try {
      if (request.method !== "POST") throw new Refusal(405, "Expected GET or POST");
      if (request.headers.get("content-type") !== REQUEST_TYPE)
        throw new Refusal(415, `Expected the content-type ${REQUEST_TYPE}`);
      const body = await readLimited(request, maxBytes);
      return new Response(await answer(body, context), {
        headers: { ...PRIVATE_HEADERS, "content-type": RESPONSE_TYPE },
      });
    } catch (error) {
      return refusalReply(error);
    }
  };
}

async function openKeys(given: OhttpGatewayOptions["keys"]): Promise<GatewayKey[]> {
  if (!Array.isArray(given) || given.length === 0)
    throw unexpected("ohttpGateway: keys", "[id, seed]", given);
  const ids = new Set<number>();
  for (const key of given) {
    if (!Array.isArray(key)) throw unexpected("ohttpGateway: keys", "[id, seed] for each key", key);
    const [id, seed] = key;
    checkInteger("ohttpGateway: id of a key", id, 0, MAX_KEY_ID);
    if (ids.has(id))
      throw new SageError("option", `ohttpGateway: keys: the id ${id} occurs twice.`);
    ids.add(id);
    if (!(seed instanceof Uint8Array) || seed.length < MIN_SEED_BYTES)
      throw new SageError(
        "option",
        `ohttpGateway: the seed of key ${id}: expected a Uint8Array of at least ` +
          `${MIN_SEED_BYTES} random bytes, saw ${describeSeed(seed)}.`,
      );
  }
  return Promise.all(given.map(([id, seed]) => gatewayKey(id, seed)));
}

/** A seed in a message: its type and length. The bytes are secret. */
function describeSeed(seed: unknown): string {
  return seed instanceof Uint8Array ? `${seed.length} bytes` : `a value of type ${typeof seed}`;
}

function requestOf({ control, fields, body }: BinaryMessage): Request {
  if (typeof control === "number") throw new Refusal(400, "The message is a reply");
  const [method, scheme, authority, path] = control;
  try {
    const url = new URL(`${scheme}://${authority}${path}`);
    const headers = fields.map(([name, value]): [string, string] => [name, value]);
    const isBodiless = method === "GET" || method === "HEAD";
    return new Request(url, { method, headers, ...(!isBodiless && { body: body.slice() }) });
  } catch {
    throw new Refusal(400, "The request is no HTTP request");
  }
}

/** Throws code "option" unless the handler has returned a Response, of any realm. */
function checkReply(reply: Response): Response {
  if (Number.isInteger(reply?.status) && typeof reply.arrayBuffer === "function") return reply;
  throw unexpected("ohttpGateway: handle", "a Response for each request", reply);
}

async function replyOf(reply: Response): Promise<BinaryMessage> {
  return {
    control: reply.status,
    fields: REPLY_FIELDS.flatMap((name) => {
      const value = reply.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    }),
    body: new Uint8Array(await reply.arrayBuffer()),
  };
}

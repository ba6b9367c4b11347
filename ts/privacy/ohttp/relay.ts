/**
 * `ohttpRelay`: passes encrypted requests to one gateway, without anything that names the device.
 * Runs on a server of another operator than the gateway; uses `fetch` for that one address.
 */
import {
  checkFunction,
  checkInteger,
  checkKeys,
  checkPositive,
  checkUrl,
  unexpected,
} from "../../values/check.js";
import { MAX_TIMER_MS } from "../../values/limits.js";
import { nameOfUrl } from "../../values/url.js";
import { checkOrigins, checkRequest } from "../check-request.js";
import { PROBLEM_TYPE, REQUEST_TYPE, RESPONSE_TYPE } from "./media-types.js";
import { PRIVATE_HEADERS, Refusal, readLimited, refusalReply } from "./refusal.js";

/** Options of {@link ohttpRelay}. */
export interface OhttpRelayOptions {
  /** Address of the one gateway that requests are passed to. */
  gateway: string | URL;
  /** Origins that may call from a page, exactly as browsers send them. Default: none. */
  origins?: readonly string[];
  /**
   * Whether a request may pass. The relay is the only place that can limit each client: the gateway
   * sees them all at one address. Default: all may pass.
   */
  limit?: (request: Request) => boolean | Promise<boolean>;
  /** Largest request in bytes. Default: 65,536. */
  maxBytes?: number;
  /** Milliseconds until the gateway must have begun its reply. Default: 30,000. */
  timeout?: number;
  /** Replacement of `fetch`. Default: `globalThis.fetch`, read at each request. */
  fetch?: typeof fetch;
}

/**
 * A handler for the address of a relay (RFC 9458, section 6.2). It passes on the body of a POST and
 * its content-type, no other header field, and returns status, content-type and body of the
 * gateway's reply. It keeps and logs nothing. Statuses of its own, as problem details: 204 for
 * preflights, 405, 413, 415, 429 by `limit`, 502 and 504 for the gateway. Throws code "option".
 */
export function ohttpRelay(options: OhttpRelayOptions): (request: Request) => Promise<Response> {
  checkKeys("ohttpRelay", options, ["gateway", "origins", "limit", "maxBytes", "timeout", "fetch"]);
  const { origins = [], limit } = options;
  const gateway = checkUrl("ohttpRelay: gateway", options.gateway);
  if (!/^https?:$/.test(URL.canParse(gateway) ? new URL(gateway).protocol : ""))
    throw unexpected("ohttpRelay: gateway", "a URL of HTTP", nameOfUrl(gateway));
  checkOrigins("ohttpRelay", origins);
  if (limit !== undefined) checkFunction("ohttpRelay: limit", limit);
  if (options.fetch !== undefined) checkFunction("ohttpRelay: fetch", options.fetch);
  const maxBytes = checkInteger("ohttpRelay: maxBytes", options.maxBytes ?? 65_536);
  const timeout = checkPositive("ohttpRelay: timeout", options.timeout ?? 30_000, MAX_TIMER_MS);

  const pass = async (body: Uint8Array<ArrayBuffer>): Promise<Response> => {
    const timer = new AbortController();
    const timeoutId = setTimeout(() => timer.abort(), timeout);
    const fetchFn =
      options.fetch ?? ((...args: Parameters<typeof fetch>) => globalThis.fetch(...args));
    try {
      return await fetchFn(gateway, {
        method: "POST",
        body,
        headers: { "content-type": REQUEST_TYPE },
        redirect: "manual",
        signal: timer.signal,
      });
    } catch {
      if (timer.signal.aborted) throw new Refusal(504, "The gateway does not answer");
      throw new Refusal(502, "The gateway cannot be reached");
    } finally {
      clearTimeout(timeoutId);
    }
  };

  return async (request) => {
    checkRequest("ohttpRelay", request);
    const origin = request.headers.get("origin");
    const headers = {
      vary: "origin",
      ...(origin !== null &&
        origins.includes(origin) && {
          "access-control-allow-origin": origin,
          "access-control-allow-headers": "content-type",
          "access-control-max-age": "600",
        }),
    };
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers });
    try {
      if (request.method !== "POST") throw new Refusal(405, "Expected POST");
      if (request.headers.get("content-type") !== REQUEST_TYPE)
        throw new Refusal(415, `Expected the content-type ${REQUEST_TYPE}`);
      if (limit && !(await limit(request))) throw new Refusal(429, "Too many requests");
      const reply = await pass(await readLimited(request, maxBytes));
      const type = (reply.headers.get("content-type") ?? "").split(";")[0]!.trim();
      if (type !== RESPONSE_TYPE && type !== PROBLEM_TYPE) {
        void reply.body?.cancel().catch(() => undefined);
        throw new Refusal(502, "The reply of the gateway is not one of OHTTP: check its address");
      }
      return new Response(reply.body, {
        status: reply.status,
        headers: { ...PRIVATE_HEADERS, ...headers, "content-type": type },
      });
    } catch (error) {
      return refusalReply(error, headers);
    }
  };
}

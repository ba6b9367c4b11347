/**
 * Sends messages of outgoing.ts. The only file of ts/privacy/ that uses `fetch`. No message is sent
 * twice or to another address, and no error is followed by another request.
 */
import { reasonOf, SageError } from "../errors.js";
import { readAtMost } from "../values/bytes.js";
import { checkAbort } from "../values/check.js";
import { checkResponse } from "../values/http.js";
import { nameOfUrl } from "../values/url.js";
import type { Message } from "./outgoing.js";

/** The type of `fetch`, for replacements. */
export type Fetch = typeof fetch;

/** How messages are sent. */
export interface Transport {
  readonly fetch: Fetch | undefined;
  /** Maximum duration of a request, until the end of its reply, in milliseconds. */
  readonly timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Called with each message before it is sent. */
  readonly onMessage: (message: Message) => void;
}

/**
 * Sends all messages at once and resolves to their replies in the same order. Rejects with code
 * "aborted", or with "retrieval" for the first failure in the order of the messages, after all have
 * ended: so that neither order nor number of requests depends on which one failed.
 */
export async function sendAll(
  messages: readonly Message[],
  transport: Transport,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  checkAbort(signal);
  for (const message of messages) transport.onMessage(message);
  const results = await Promise.allSettled(
    messages.map((message) => send(message, transport, signal)),
  );
  checkAbort(signal);
  return results.map((result) => {
    if (result.status === "fulfilled") return result.value;
    throw result.reason;
  });
}

async function send(
  message: Message,
  { fetch: given, timeout, headers }: Transport,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { method, url, body } = message;
  const fail = (problem: string, cause?: unknown): SageError =>
    new SageError("retrieval", `${nameOfUrl(url)}: ${problem} No other request was sent instead.`, {
      cause,
    });
  const limit = AbortSignal.timeout(Math.ceil(timeout));
  const fetchFn = given ?? ((...args: Parameters<typeof fetch>) => globalThis.fetch(...args));
  try {
    const reply = await fetchFn(url, {
      method,
      ...(body && { body }),
      headers: { ...(body && { "content-type": "application/octet-stream" }), ...headers },
      // A cached reply would make the number of requests depend on the past.
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    checkResponse("openPrivacy", reply);
    if (reply.status === 409) throw fail("the server has another codebook. Open the cells again.");
    if (reply.status === 404 || reply.status === 410)
      throw fail("not found: the cells may have been replaced. Open them again.");
    if (!reply.ok) throw fail(`the server answered ${reply.status}.`);
    return await readBody(reply, message, fail);
  } catch (error) {
    if (error instanceof SageError) throw error;
    if (limit.aborted) throw fail(`no reply within ${timeout} ms.`, error);
    throw fail(`the request failed (${reasonOf(error).slice(0, 100)}).`, error);
  }
}

/** Reads at most `replyBytes` bytes; a longer or shorter reply is an error. */
async function readBody(
  reply: Response,
  { replyBytes, isExact }: Message,
  fail: (problem: string) => SageError,
): Promise<Uint8Array> {
  const bytes = await readAtMost(reply.body, replyBytes);
  if (!bytes) throw fail(`the reply is longer than ${replyBytes} bytes.`);
  if (isExact && bytes.length !== replyBytes)
    throw fail(`the reply has ${bytes.length} bytes, expected ${replyBytes}.`);
  return bytes;
}

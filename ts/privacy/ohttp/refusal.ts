/** What gateway and relay share: errors without details, and bodies of limited length. */
import { readAtMost } from "../../values/bytes.js";
import { PROBLEM_TYPE } from "./media-types.js";

/** Headers of every reply. */
export const PRIVATE_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** An error that is returned unencrypted: it discloses nothing of a request. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly type = "about:blank",
  ) {
    super(title);
  }
}

/** A Refusal as problem details (RFC 9457). Throws any other error again. */
export function refusalReply(error: unknown, headers: Record<string, string> = {}): Response {
  if (!(error instanceof Refusal)) throw error;
  const { status, title, type } = error;
  return new Response(JSON.stringify({ type, title, status }), {
    status,
    headers: {
      ...PRIVATE_HEADERS,
      ...headers,
      ...(status === 429 && { "retry-after": "60" }),
      "content-type": PROBLEM_TYPE,
    },
  });
}

/** The body; a 413 if it is longer than `maxBytes`. */
export async function readLimited(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readAtMost(request.body, maxBytes);
  if (!bytes) throw new Refusal(413, `The request is larger than ${maxBytes} bytes`);
  return bytes;
}

/** `POST /v1/cells/xor` as a function from Request to Response, for Node, Deno and Bun. */
import { isSageError } from "../../errors.js";
import { readAtMost } from "../../values/bytes.js";
import { checkKeys } from "../../values/check.js";
import { maxXorRequestBytes } from "../cells/xor.js";
import { checkOrigins, checkRequest } from "../check-request.js";
import { type CellServerOptions, openCellServer } from "./cell-server.js";

/** Options of {@link cellsHandler}. */
export interface CellsHandlerOptions extends CellServerOptions {
  /** Origins that may call from a page, exactly as browsers send them. Default: none. */
  origins?: readonly string[];
}

/**
 * A handler that answers each `POST` with the XOR of the selected cells. Statuses: 200, 204 for
 * preflights, 400 for a malformed body, 405, 409 for another codebook, 413. It keeps and logs
 * nothing of a request. Rejects as {@link openCellServer}.
 */
export async function cellsHandler(
  options: CellsHandlerOptions,
): Promise<(request: Request) => Promise<Response>> {
  checkKeys("cellsHandler", options, ["read", "kernel", "maxBytes", "origins"]);
  const { origins = [], ...serverOptions } = options;
  checkOrigins("cellsHandler", origins);
  const server = await openCellServer(serverOptions);
  const maxBytes = maxXorRequestBytes(server.manifest.cells);
  return async (request) => {
    checkRequest("cellsHandler", request);
    const origin = request.headers.get("origin");
    const headers = {
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      vary: "origin",
      ...(origin !== null &&
        origins.includes(origin) && {
          "access-control-allow-origin": origin,
          "access-control-allow-headers": "content-type",
        }),
    };
    const refuse = (status: number, message: string): Response =>
      Response.json({ error: { message } }, { status, headers });
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers });
    if (request.method !== "POST") return refuse(405, "Expected POST.");
    try {
      const body = await readAtMost(request.body, maxBytes);
      if (!body) return refuse(413, `The body is larger than ${maxBytes} bytes.`);
      const answer = await server.answer(server.decode(body));
      const type = { "content-type": "application/octet-stream" };
      return new Response(answer, { headers: { ...headers, ...type } });
    } catch (error) {
      if (!isSageError(error)) return refuse(500, "Internal error.");
      const status = { option: 400, version: 409 }[error.code as string] ?? 500;
      return refuse(status, error.message);
    }
  };
}

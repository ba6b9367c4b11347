// A Worker that replies with the routes of edge/src/app.ts: `["GET /v1/profile", ...]`.
import { app } from "../../edge/src/app.ts";

export { BlobObject } from "../../edge/src/blob-object.ts";
export { CellShard } from "../../edge/src/cell-shard.ts";
export { UserObject } from "../../edge/src/user-object.ts";

export default {
  fetch() {
    const routes = app.routes.filter(({ method }) => method !== "ALL");
    return Response.json([...new Set(routes.map(({ method, path }) => `${method} ${path}`))]);
  },
};

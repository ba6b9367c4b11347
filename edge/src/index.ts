/** Entry of the Worker: the OHTTP gateway, the HTTP routes, and the Durable Object classes. */
import { app } from "./app.js";
import { answerOhttp } from "./ohttp.js";
import type { Env } from "./settings.js";

export { BlobObject } from "./blob-object.js";
export { CellShard } from "./cell-shard.js";
export { UserObject } from "./user-object.js";

export default {
  async fetch(request, env, context) {
    const call = {
      env,
      context,
      app: async (...args: Parameters<typeof app.fetch>) => app.fetch(...args),
    };
    return (await answerOhttp(request, call)) ?? app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;

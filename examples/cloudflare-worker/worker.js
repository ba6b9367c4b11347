// A stateless service: the client sends its actions, the Worker answers with recommendations, and
// keeps nothing. The Worker in edge/ of the repository keeps histories in Durable Objects.
import { Catalogue, openSage } from "pocketsage";

let catalogue; // once for each isolate

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (request.method !== "POST" || pathname !== "/recommend")
      return new Response('POST /recommend {actions: [{item: "1F355"}], count}', { status: 404 });
    try {
      catalogue ??= load(env).catch((error) => {
        catalogue = undefined; // the next request tries again
        throw error;
      });
      const { actions = [], count = 20 } = await request.json();
      const sage = await openSage({ catalogue: await catalogue });
      try {
        await sage.record(actions);
        return Response.json(await sage.recommend({ count }));
      } finally {
        await sage.close();
      }
    } catch ({ code, message }) {
      return Response.json({ code, message }, { status: code ? 400 : 500 });
    }
  },
};

/** Reads the catalogue from the static files of the Worker (see wrangler.jsonc). */
async function load({ ASSETS }) {
  const response = await ASSETS.fetch("https://assets/emoji.sage");
  return Catalogue.fromBytes(response.body);
}

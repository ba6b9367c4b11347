// The Worker of ranged.test.mjs: a search in the catalogue of an R2 bucket, of assets or of a host.
import { openSage } from "pocketsage";
import { bucketSource, httpSource, openRanged } from "pocketsage/ranged";

export default {
  async fetch(request, env) {
    const { from, url, query } = await request.json();
    const sources = {
      bucket: () => bucketSource(env.BUCKET, "items.sage"),
      assets: () =>
        httpSource("https://assets.local/items.sage", { fetch: (sent) => env.ASSETS.fetch(sent) }),
      host: () => url,
    };
    try {
      const catalogue = await openRanged(sources[from]());
      const hits = await catalogue.search(query, { count: 5 });
      const { dim, retriever, vectors, mode, traffic } = catalogue;
      const sage = await openSage({ dim, retriever, vectors });
      await sage.record([{ item: "item-1" }]);
      const recommended = (await sage.recommend({ count: 3 })).length;
      return Response.json({ mode, traffic, recommended, items: hits.map(({ item }) => item) });
    } catch (error) {
      return Response.json({ code: error.code, message: error.stack });
    }
  },
};

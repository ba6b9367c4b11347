// Simulated vector engines for fuzzing: each answers requests in its documented shape from a small
// set of stored items. A query is recognized by its stored id, or by the largest component of its
// vector.
import {
  chroma,
  decodeMedoids,
  elasticsearch,
  httpRetriever,
  milvus,
  pgvector,
  pinecone,
  qdrant,
  redis,
  typesense,
  vectorize,
} from "pocketsage/remote";

const URL_OF_ENGINE = "https://engine.example";
const http = { url: URL_OF_ENGINE, collection: "items", apiKey: "key" };
const [asIs, fromDistance, fromUnitRange] = [(x) => x, (x) => 1 - x, (x) => 2 * x - 1];
const toUnitRange = (score) => (score + 1) / 2;

/** The index of the largest component. */
function axisOf(vector) {
  return vector.indexOf(Math.max(...vector));
}

const numbersIn = (text) => text.match(/[-\d.e]+/g).map(Number);

/**
 * Each engine: `create` makes its retriever with a function that sends requests; `answer` returns
 * the reply to a request as a JSON value; `scoreOf` converts a number of a reply to a score.
 *
 * A world has `hitsOf(index, count)` for the query by vector number `index`, `hitsById(id, count)`,
 * undefined for an unknown id, and `vectorById(id)`.
 */
export const ENGINES = {
  chroma: {
    create: (fetch) => chroma({ ...http, collection: "0".repeat(36), apiKey: undefined, fetch }),
    scoreOf: fromDistance,
    answer({ body, path }, world) {
      if (path.endsWith("/get")) {
        const ids = body.ids.filter(world.vectorById);
        return { ids, embeddings: ids.map(world.vectorById) };
      }
      const rows = body.query_embeddings.map((vector) =>
        world.hitsOf(axisOf(vector), body.n_results),
      );
      return {
        ids: rows.map((row) => row.map(({ item }) => item)),
        distances: rows.map((row) => row.map(({ score }) => 1 - score)),
      };
    },
  },
  milvus: {
    create: (fetch) => milvus({ url: URL_OF_ENGINE, collection: "items", byId: true, fetch }),
    scoreOf: asIs,
    answer({ body, path }, world) {
      if (path.endsWith("/get")) {
        const ids = body.id.filter(world.vectorById);
        return { code: 0, data: ids.map((id) => ({ id, vector: world.vectorById(id) })) };
      }
      const rows = body.data
        ? body.data.map((vector) => world.hitsOf(axisOf(vector), body.limit))
        : body.ids.map((id) => world.hitsById(id, body.limit));
      if (rows.includes(undefined)) return { code: 1, message: "id not found" };
      const data = rows.flat().map(({ item, score }) => ({ id: item, distance: score }));
      return { code: 0, data, topks: rows.map((row) => row.length) };
    },
  },
  "milvus 2.3": {
    create: (fetch) => milvus({ url: URL_OF_ENGINE, collection: "items", version: 1, fetch }),
    scoreOf: asIs,
    answer({ body, path }, world) {
      if (path.endsWith("/get")) {
        const ids = body.id.map((id) => JSON.parse(id)).filter(world.vectorById);
        return { code: 200, data: ids.map((id) => ({ id, vector: world.vectorById(id) })) };
      }
      const row = world.hitsOf(axisOf(body.vector), body.limit);
      return { code: 200, data: row.map(({ item, score }) => ({ id: item, distance: score })) };
    },
  },
  qdrant: {
    create: (fetch) => qdrant({ ...http, fetch }),
    scoreOf: asIs,
    answer({ body, path }, world) {
      if (path.endsWith("/points")) {
        const ids = body.ids.filter((id) => world.vectorById(String(id)));
        return { result: ids.map((id) => ({ id, vector: world.vectorById(String(id)) })) };
      }
      const rows = body.searches.map(({ query, limit }) =>
        Array.isArray(query)
          ? world.hitsOf(axisOf(query), limit)
          : world.hitsById(`${query}`, limit),
      );
      if (rows.includes(undefined)) return { http: 404, status: { error: "Not found: No point" } };
      const toPoint = ({ item, score }) => ({ id: Number(item), score });
      return { result: rows.map((row) => ({ points: row.map(toPoint) })) };
    },
  },
  elasticsearch: {
    create: (fetch) => elasticsearch({ url: URL_OF_ENGINE, index: "items", byId: true, fetch }),
    scoreOf: fromUnitRange,
    answer({ body, lines, path }, world) {
      if (path.includes("_mget")) {
        const toDocument = (id) => {
          const embedding = world.vectorById(id);
          return embedding ? { _id: id, found: true, _source: { embedding } } : { _id: id };
        };
        return { docs: body.ids.map(toDocument) };
      }
      const searches = lines.filter(({ knn }) => knn);
      return {
        responses: searches.map(({ knn, size }) => {
          const row = knn.query_vector
            ? world.hitsOf(axisOf(knn.query_vector), size)
            : world.hitsById(knn.query_vector_builder.lookup.id, size);
          if (!row)
            return {
              status: 404,
              error: { type: "resource_not_found_exception", reason: "document not found" },
            };
          const toHit = ({ item, score }) => ({ _id: item, _score: toUnitRange(score) });
          return { status: 200, hits: { hits: row.map(toHit) } };
        }),
      };
    },
  },
  typesense: {
    create: (fetch) => typesense({ ...http, fetch }),
    scoreOf: fromDistance,
    answer({ body }, world) {
      return {
        results: body.searches.map(({ filter_by, vector_query, per_page }) => {
          if (filter_by) {
            const ids = numbersIn(filter_by).map(String).filter(world.vectorById);
            const toHit = (id) => ({ document: { id, embedding: world.vectorById(id) } });
            return { hits: ids.map(toHit) };
          }
          const [, vector, , id] = /\[(.*?)\](, id: (\d+))?/.exec(vector_query);
          const row =
            id === undefined
              ? world.hitsOf(axisOf(numbersIn(vector)), per_page)
              : world.hitsById(id, per_page);
          if (!row) return { code: 400, error: `Document id referenced not found: ${id}` };
          const toHit = ({ item, score }) => ({
            document: { id: item },
            vector_distance: 1 - score,
          });
          return { hits: row.map(toHit) };
        }),
      };
    },
  },
  pinecone: {
    create: (fetch) => pinecone({ url: URL_OF_ENGINE, apiKey: "key", fetch }),
    scoreOf: asIs,
    answer({ body, path }, world) {
      if (!body) {
        const ids = new URLSearchParams(path.split("?")[1]).getAll("ids").filter(world.vectorById);
        return { vectors: Object.fromEntries(ids.map((id) => [id, recordOf(id, world)])) };
      }
      const row = body.vector
        ? world.hitsOf(axisOf(body.vector), body.topK)
        : (world.hitsById(body.id, body.topK) ?? []);
      return { matches: row.map(({ item, score }) => ({ id: item, score })) };
    },
  },
  httpRetriever: {
    create: (fetch) => httpRetriever({ url: URL_OF_ENGINE, send: "both", fetch }),
    forms: ["both"],
    scoreOf: asIs,
    answer({ bytes }, world) {
      return {
        answers: decodeMedoids(bytes).map(({ item, vector, count }) => {
          const hits = world.hitsById(item) ?? world.hitsOf(axisOf(vector));
          return { status: "ok", hits: hits.filter((hit) => hit.item !== item).slice(0, count) };
        }),
      };
    },
  },
  redis: {
    isDriver: true,
    create: (send) => redis({ command: (parts) => send({ parts }), key: "items" }),
    scoreOf: fromUnitRange,
    answer({ parts }, world) {
      const [verb, , form, value] = parts;
      if (verb === "VEMB") return world.vectorById(form)?.map(String) ?? null;
      const count = Number(parts[parts.indexOf("COUNT") + 1]);
      const row =
        form === "ELE"
          ? world.hitsById(value, count)
          : world.hitsOf(axisOf([...new Float32Array(value.slice().buffer)]), count);
      if (!row) throw new Error("ERR element not found in set");
      return row.flatMap(({ item, score }) => [item, String(toUnitRange(score))]);
    },
  },
  pgvector: {
    isDriver: true,
    create: (send) =>
      pgvector({ query: (_, parameters) => send({ parameters }), table: "items", dim: 3 }),
    scoreOf: asIs,
    answer({ parameters: [list, count] }, world) {
      const queries = JSON.parse(list);
      if (count === undefined) {
        const items = queries.filter(world.vectorById);
        const toRow = (item) => ({ item, vector: JSON.stringify(world.vectorById(item)) });
        return { rows: items.map(toRow) };
      }
      const rows = queries.flatMap(({ place, item, given }) => {
        const hits = given
          ? world.hitsOf(axisOf(JSON.parse(given)), count)
          : world.hitsById(item, count);
        if (!hits) return [{ place, missing: true, item: null, score: null }];
        return hits.map((hit) => ({ place, missing: false, ...hit }));
      });
      return { rows };
    },
  },
  vectorize: {
    isDriver: true,
    create: (send) =>
      vectorize({
        name: "items",
        index: {
          query: (vector, { topK }) => send({ vector, topK }),
          queryById: (id, { topK }) => send({ id, topK }),
          getByIds: (ids) => send({ ids }),
        },
      }),
    scoreOf: asIs,
    answer({ vector, id, topK, ids }, world) {
      if (ids) return ids.filter(world.vectorById).map((each) => recordOf(each, world));
      const row = vector ? world.hitsOf(axisOf(vector), topK) : world.hitsById(id, topK);
      if (!row) throw new Error("vector not found");
      return { matches: row.map(({ item, score }) => ({ id: item, score })) };
    },
  },
};

function recordOf(id, world) {
  return { id, values: world.vectorById(id) };
}

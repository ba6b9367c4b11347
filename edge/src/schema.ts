/**
 * Schemas of all requests and responses. Requests are validated with them (unknown fields are
 * refused), and the OpenAPI document is generated from them. This file has more than 400 lines,
 * because the limits of all routes are read side by side.
 */
import { LIMITS } from "pocketsage";
import * as v from "valibot";

const MAX_ACTIONS_PER_REQUEST = 100;
export const MAX_ACTIONS_BODY_BYTES = 256 << 10;
export const MAX_BODY_BYTES = 32 << 10;
export const MAX_IMPORT_BODY_BYTES = 16 << 20;
const MAX_ITEMS_PER_REQUEST = 100;
const MAX_RANKED_ITEMS = 500;
const MAX_ACTIONS_PER_PAGE = 200;
const MAX_OFFSET = 1e9;
const MAX_RANK = 10_000;
const MAX_TTL_DAYS = 365;
const MAX_FILTER_CHARACTERS = 4000;
const MAX_MEDOIDS = 16;
const MAX_HITS = 200;
/**
 * The package allows more (`LIMITS.maxDim`): this many let the actions of a user, and any request,
 * fit into the memory of an isolate.
 */
export const MAX_DIM = 4096;
const MAX_COMPONENT_CHARACTERS = 24; // of an f32 as JavaScript prints it, and its comma
/** Maximum bytes of POST /v1/retrieve: all medoids that its schema accepts fit. */
export const maxRetrieveBytes = (dim: number): number =>
  MAX_BODY_BYTES + MAX_MEDOIDS * dim * MAX_COMPONENT_CHARACTERS;
const MAX_TIME_MS = 8.64e15; // the largest time of a JavaScript Date

const ItemId = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(256),
  v.regex(/^[^\u0000-\u001f\u007f]+$/),
  v.check((text) => text.isWellFormed(), "expected well-formed Unicode, saw half a surrogate pair"),
);
const Vector = v.pipe(
  v.array(v.pipe(v.number(), v.finite())),
  v.minLength(1),
  v.maxLength(MAX_DIM),
);
const SpaceName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(LIMITS.maxSpaceCharacters),
  v.description("Name of the vector space of the vectors; another than the service's is refused."),
);
const Milliseconds = v.pipe(
  v.number(),
  v.minValue(0),
  v.maxValue(MAX_TIME_MS),
  v.description("Milliseconds since the epoch."),
);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** An integer of a query string, from `min` to `max`. */
const integer = (min: number, max: number, description: string) => {
  const message = `expected an integer from ${min} to ${max}`;
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,16}$/, message),
    v.transform(Number),
    v.number(),
    v.integer(),
    v.minValue(min, message),
    v.maxValue(max, message),
    v.description(description),
  );
};

/** A number of a query string, from `min` to `max`. */
const decimal = (min: number, max: number, description: string) => {
  const message = `expected a number from ${min} to ${max}, such as 0.5`;
  return v.pipe(
    v.string(),
    v.regex(/^-?\d*\.?\d+(e[+-]?\d{1,3})?$/i, message),
    v.maxLength(32, message),
    v.transform(Number),
    v.number(),
    v.minValue(min, message),
    v.maxValue(max, message),
    v.description(description),
  );
};

/** A number of a query string, from 0 to 1. */
const share = (description: string) => decimal(0, 1, description);

const Action = v.strictObject({
  item: ItemId,
  vector: v.optional(
    v.pipe(Vector, v.description("Default: the vector of the catalogue or engine.")),
  ),
  at: v.optional(
    v.pipe(Milliseconds, v.description("Milliseconds. Default: Request-Time, or on arrival.")),
  ),
  weight: v.optional(
    v.pipe(
      v.union(
        [
          v.pipe(v.number(), v.minValue(LIMITS.minWeight), v.maxValue(LIMITS.maxWeight)),
          v.pipe(v.number(), v.minValue(-LIMITS.maxWeight), v.maxValue(-LIMITS.minWeight)),
        ],
        `expected a magnitude from ${LIMITS.minWeight} to ${LIMITS.maxWeight}`,
      ),
      v.description("The action counts as done so many times; below 0, as a dislike. Default: 1."),
    ),
  ),
  kind: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(32))),
});
export type ActionInput = v.InferOutput<typeof Action>;

/** The header Idempotency-Key of requests that change data. */
export const IdempotencyKey = v.pipe(v.string(), v.regex(/^[\w-]{8,64}$/));

/** The header Request-Time of POST requests: from 2001 to 5138, so that no other unit passes. */
export const RequestTime = integer(
  1e12,
  1e14,
  "When the client made the request: milliseconds since the epoch, equal in all its retries.",
);

/** POST /v1/actions */
export const ActionsBody = v.strictObject({
  space: v.optional(SpaceName),
  actions: v.pipe(v.array(Action), v.minLength(1), v.maxLength(MAX_ACTIONS_PER_REQUEST)),
});

/** DELETE /v1/actions: an item, a time range (ends included), or, without both, everything. */
export const ForgetQuery = v.strictObject({
  item: v.optional(v.pipe(ItemId, v.description("Deletes the traces of this item."))),
  from: v.optional(integer(0, MAX_TIME_MS, "First millisecond of the time range.")),
  to: v.optional(integer(0, MAX_TIME_MS, "Last millisecond of the time range.")),
});
export type ForgetQuery = v.InferOutput<typeof ForgetQuery>;

const ItemOrItems = v.union(
  [ItemId, v.pipe(v.array(ItemId), v.minLength(1), v.maxLength(MAX_ITEMS_PER_REQUEST))],
  `expected an id or a list of 1 to ${MAX_ITEMS_PER_REQUEST} ids`,
);

/** POST /v1/hidden and POST /v1/disliked: one item or several. */
export const HideBody = v.strictObject({ item: ItemOrItems });

/** POST /v1/shown: one item or several, and how long the showing counts. */
export const ShownBody = v.strictObject({
  item: ItemOrItems,
  ttlDays: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0.001),
      v.maxValue(MAX_TTL_DAYS),
      v.description("Days until the showing no longer counts. Default: 7."),
    ),
  ),
});
export type ShownBody = v.InferOutput<typeof ShownBody>;

/** POST /v1/boosts */
export const BoostBody = v.strictObject({
  item: v.pipe(ItemId, v.description("An item of the interest, such as its medoid.")),
  factor: v.pipe(
    v.number(),
    v.minValue(0),
    v.maxValue(LIMITS.maxWeight),
    v.description("Multiplies the importance of the interest: 0 mutes it, 1 ends earlier factors."),
  ),
});
export type BoostBody = v.InferOutput<typeof BoostBody>;

/** Whether replies have vectors, in a query. */
const VectorsFlag = v.optional(v.pipe(v.picklist(["0", "1"]), v.description("1: with vectors.")));

/** DELETE /v1/hidden: `item` once per item. */
export const UnhideQuery = v.strictObject({
  item: v.pipe(
    v.array(ItemId, "expected item=<id>, once or several times"),
    v.minLength(1),
    v.maxLength(MAX_ITEMS_PER_REQUEST),
    v.description("An item to recommend again; repeat the parameter for several."),
  ),
});

/** GET /v1/actions */
export const HistoryQuery = v.strictObject({
  offset: v.optional(integer(0, MAX_OFFSET, "Number of newest actions to skip. Default: 0.")),
  count: v.optional(integer(1, MAX_ACTIONS_PER_PAGE, "Maximum number of actions. Default: 100.")),
  vectors: VectorsFlag,
});
export type HistoryQuery = v.InferOutput<typeof HistoryQuery>;

/** GET /v1/profile */
export const ProfileQuery = v.strictObject({
  at: v.optional(
    integer(0, MAX_TIME_MS, "The interests of the actions until this millisecond. Default: now."),
  ),
  vectors: VectorsFlag,
});
export type ProfileQuery = v.InferOutput<typeof ProfileQuery>;

/** GET /v1/recommendations; `exclude` once per item. */
export const RecommendQuery = v.strictObject({
  count: v.optional(integer(1, MAX_HITS, "Number of recommendations. Default: 20.")),
  offset: v.optional(integer(0, MAX_RANK, "Number of recommendations to skip. Default: 0.")),
  interests: v.optional(
    integer(1, MAX_MEDOIDS, "Number of interests to query. Default: 10, or 3 with a seed."),
  ),
  focus: v.optional(share("Weight of the average of the history beside the interests.")),
  popularity: v.optional(share("Influence of the items' priors.")),
  diversity: v.optional(share("How unlike each other the items are. Default: 0.")),
  explore: v.optional(
    decimal(-1, 1, "Above 0: items less like the history, and chance; below: more like it."),
  ),
  exploreSeed: v.optional(
    integer(0, Number.MAX_SAFE_INTEGER, "Seed of the chance of `explore`. Default: 0."),
  ),
  minScore: v.optional(decimal(-1, 1, "Least score of a recommendation. Default: none.")),
  filter: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(MAX_FILTER_CHARACTERS),
      v.check(isJson, 'expected a filter as JSON, such as {"field":"kind","is":"book"}'),
      v.description("Condition on the fields of items, as JSON: a filter of the package."),
    ),
  ),
  personal: v.optional(
    v.pipe(
      v.picklist(["0", "1"]),
      v.description("0: the list of the catalogue, whatever the history. Default: 1."),
    ),
  ),
  exclude: v.optional(
    v.pipe(
      v.array(ItemId),
      v.maxLength(MAX_ITEMS_PER_REQUEST),
      v.description("An item to leave out; repeat the parameter for several."),
    ),
  ),
  seed: v.optional(
    integer(0, Number.MAX_SAFE_INTEGER, "Samples interests by importance. Default: the top ones."),
  ),
});
export type RecommendQuery = v.InferOutput<typeof RecommendQuery>;

/** POST /v1/rank */
export const RankBody = v.strictObject({
  items: v.pipe(
    v.array(
      v.union(
        [ItemId, v.strictObject({ item: ItemId, vector: v.optional(Vector) })],
        "expected an id, or an object of `item` and `vector`",
      ),
    ),
    v.minLength(1),
    v.maxLength(MAX_RANKED_ITEMS),
    v.description("The list in its given order. Default of a vector: that of the engine."),
  ),
  taste: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(1),
      v.description("0: the given order. 1: by taste only. Default: 1."),
    ),
  ),
  scores: v.optional(v.pipe(v.boolean(), v.description("Whether to return scores. Default: no."))),
});
export type RankBody = v.InferOutput<typeof RankBody>;

/** POST /v1/retrieve as JSON. Compact medoids (CBOR) are decoded and then validated the same. */
export const RetrieveBody = v.strictObject({
  space: v.optional(SpaceName),
  count: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(1),
    v.maxValue(MAX_HITS),
    v.description("Number of hits per medoid."),
  ),
  medoids: v.pipe(
    v.array(v.strictObject({ item: v.optional(ItemId), vector: v.optional(Vector) })),
    v.minLength(1),
    v.maxLength(MAX_MEDOIDS),
    v.check(
      (medoids) => medoids.every(({ item, vector }) => item !== undefined || vector !== undefined),
      "each medoid needs an item or a vector",
    ),
    v.description("Each medoid has an item, a vector, or both."),
  ),
});

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** A time in a response. Imported actions may have any time, so its range is not checked. */
const Time = v.pipe(v.number(), v.description("Milliseconds since the epoch."));
const Score = v.pipe(v.number(), v.description("Cosine similarity to the query."));

/** 200 and 201 of POST /v1/actions */
export const RecordedReply = v.object({
  recorded: Count,
  dropped: v.optional(
    v.pipe(Count, v.description("Actions not recorded: too old, or deleted since Request-Time.")),
  ),
});

/** 200 of DELETE /v1/actions */
export const DeletedReply = v.object({ deleted: Count });

/** 200 of DELETE /v1/disliked, POST /v1/boosts and POST /v1/shown */
export const MarkedReply = v.object({
  items: v.pipe(Count, v.description("Number of items of the request that it applied to.")),
});

/** 200 of GET /v1/parameters */
export const ParametersReply = v.object({
  parameters: v.array(
    v.object({
      name: v.string(),
      value: v.union([
        v.number(),
        v.array(v.string()),
        v.array(v.object({ item: v.string(), factor: v.number() })),
      ]),
      meaning: v.string(),
    }),
  ),
});

/** 200 of POST /v1/hidden */
export const HiddenReply = v.object({
  hidden: v.pipe(
    v.array(v.string()),
    v.description("The items, without those deleted since Request-Time."),
  ),
});

/** 200 of GET /v1/hidden */
export const HiddenListReply = v.object({
  hidden: v.pipe(v.array(v.string()), v.description("In the order they were hidden.")),
});

/** 200 of DELETE /v1/hidden */
export const UnhiddenReply = v.object({
  unhidden: v.pipe(v.array(v.string()), v.description("Those of the items that were hidden.")),
});

/** 200 of GET /v1/actions */
export const HistoryReply = v.object({
  actions: v.pipe(
    v.array(
      v.object({
        item: v.string(),
        at: Time,
        weight: v.optional(v.number()),
        kind: v.optional(v.string()),
        vector: v.optional(v.array(v.number())),
        problem: v.optional(
          v.pipe(v.string(), v.description("Why the action is left out of the profile.")),
        ),
      }),
    ),
    v.description("Newest first."),
  ),
  next: v.optional(v.pipe(Count, v.description("The `offset` of the next page, if there is one."))),
});
export type HistoryReply = v.InferOutput<typeof HistoryReply>;

/** 200 of PUT /v1/import */
export const ImportedReply = v.object({
  actions: v.pipe(Count, v.description("Number of actions of the profile.")),
});

/** 200 of GET /v1/profile */
export const ProfileReply = v.object({
  dim: Count,
  builtAt: Time,
  actions: v.pipe(Count, v.description("Number of actions of the profile.")),
  interests: v.pipe(
    v.array(
      v.object({
        medoid: v.string(),
        vector: v.optional(v.array(v.number())),
        importance: v.pipe(v.number(), v.description("Share; the shares of a profile sum to 1.")),
        items: v.pipe(v.array(v.string()), v.description("Members, most recent first.")),
        lastActive: Time,
      }),
    ),
    v.description("Most important first."),
  ),
});
export type ProfileReply = v.InferOutput<typeof ProfileReply>;

/** 200 of GET /v1/recommendations */
export const RecommendationsReply = v.object({
  recommendations: v.array(
    v.object({
      item: v.string(),
      score: Score,
      because: v.object({
        from: v.pipe(
          v.picklist(["interest", "history", "popular", "diverse"]),
          v.description("An interest, the average of the history, or the pool of the catalogue."),
        ),
        medoid: v.optional(v.pipe(v.string(), v.description("That of the item's interest."))),
        nearest: v.pipe(
          v.array(v.string()),
          v.description("The items of that interest near the item; may be empty."),
        ),
      }),
    }),
  ),
});
export type RecommendationsReply = v.InferOutput<typeof RecommendationsReply>;

/** 200 of POST /v1/rank */
export const RankReply = v.object({
  items: v.pipe(
    v.array(v.string()),
    v.description("The list, reordered. Items without a vector keep their places."),
  ),
  scores: v.optional(
    v.pipe(
      v.array(
        v.object({
          item: v.string(),
          known: v.pipe(v.boolean(), v.description("Whether the item has a vector.")),
          similarity: v.pipe(v.number(), v.description("Highest cosine to an interest.")),
          taste: v.pipe(v.number(), v.description("Similarity weighted by importance.")),
          recency: v.pipe(v.number(), v.description("Of the most similar interest, 0 to 1.")),
          prior: v.number(),
          novelty: v.pipe(v.number(), v.description("1 - highest cosine to the newest items.")),
        }),
      ),
      v.description("One score per item, in the given order."),
    ),
  ),
});
export type RankReply = v.InferOutput<typeof RankReply>;

/** GET, PUT and DELETE /v1/blob */
export const BlobQuery = v.strictObject({
  name: v.pipe(
    v.string(),
    v.regex(/^[0-9a-f]{32}$/, "expected 32 hexadecimal digits in lower case"),
    v.description("Name of a device, as `sync` reports it."),
  ),
});

/** GET /v1/blobs */
export const BlobsQuery = v.strictObject({
  since: v.optional(
    integer(0, Number.MAX_SAFE_INTEGER, "Only blobs written after this version. Default: 0."),
  ),
});

/** DELETE /v1/blobs */
export const NoQuery = v.strictObject({});

/** 200 of GET /v1/blobs */
export const BlobsReply = v.object({
  version: v.pipe(Count, v.description("Of the newest write; 0 before the first one.")),
  blobs: v.array(
    v.object({
      name: v.string(),
      version: v.pipe(Count, v.description("Of its last write; later writes have higher ones.")),
      bytes: Count,
    }),
  ),
});
export type BlobsReply = v.InferOutput<typeof BlobsReply>;

/** 200 of PUT /v1/blob */
export const BlobWrittenReply = v.object({ version: Count });

/** 200 of DELETE /v1/blob and DELETE /v1/blobs */
export const BlobsDeletedReply = v.object({
  deleted: v.pipe(Count, v.description("Number of blobs that were there.")),
});

/** 200 of POST /v1/retrieve */
export const RetrieveReply = v.object({
  answers: v.pipe(
    v.array(
      v.variant("status", [
        v.object({
          status: v.literal("ok"),
          hits: v.array(
            v.object({
              item: v.string(),
              score: Score,
              prior: v.optional(
                v.pipe(
                  v.number(),
                  v.minValue(0),
                  v.description("The item's prior, such as its popularity, where it has one."),
                ),
              ),
            }),
          ),
          via: v.pipe(
            v.picklist(["engine", "cache", "stale", "local"]),
            v.description("Source: engine, fresh cache, expired cache, or local catalogue."),
          ),
        }),
        v.object({ status: v.literal("not-found") }),
        v.object({ status: v.literal("error"), reason: v.string() }),
      ]),
    ),
    v.description("One answer per medoid, in their order."),
  ),
});
export type RetrieveReply = v.InferOutput<typeof RetrieveReply>;

/** 200 of GET /health */
export const HealthReply = v.object({ ok: v.literal(true) });

/** Every error response. */
export const ErrorReply = v.object({
  error: v.object({
    code: v.pipe(v.string(), v.description("Stable, for programs.")),
    message: v.pipe(v.string(), v.description("For people.")),
  }),
});

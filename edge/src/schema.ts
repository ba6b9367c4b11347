/** What may be said to the Worker, and nothing else: unknown fields are refused. The OpenAPI document is made from these. */
import * as v from "valibot";

export const LIMITS = {
  actions: 100,
  medoids: 16,
  hits: 200,
  actionBytes: 256 << 10,
  medoidBytes: 32 << 10,
} as const;

const Item = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(256),
  v.regex(/^[^\u0000-\u001f\u007f]+$/u),
);
const Vector = v.pipe(v.array(v.pipe(v.number(), v.finite())), v.minLength(1), v.maxLength(4096));
const Hits = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.hits));

/** POST /v1/actions */
export const Actions = v.strictObject({
  actions: v.pipe(
    v.array(
      v.strictObject({
        item: Item,
        vector: v.optional(Vector),
        at: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15))),
        weight: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1000))),
        kind: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(32))),
      }),
    ),
    v.minLength(1),
    v.maxLength(LIMITS.actions),
  ),
});

/** POST /v1/hidden */
export const Hidden = v.strictObject({ item: Item });

/** POST /v1/retrieve as JSON; the compact form (CBOR) is read into the same. */
export const Medoids = v.strictObject({
  count: Hits,
  medoids: v.pipe(
    v.array(v.strictObject({ item: v.optional(Item), vector: v.optional(Vector) })),
    v.minLength(1),
    v.maxLength(LIMITS.medoids),
    v.check(
      (medoids) => medoids.every(({ item, vector }) => item !== undefined || vector !== undefined),
      "each medoid needs an item or a vector",
    ),
  ),
});

const whole = (least: number, most: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,16}$/),
    v.transform(Number),
    v.minValue(least),
    v.maxValue(most),
  );

/** GET /v1/recommendations?count=&interests=&seed= */
export const Wish = v.strictObject({
  count: v.optional(whole(1, LIMITS.hits)),
  interests: v.optional(whole(1, LIMITS.medoids)),
  seed: v.optional(whole(0, Number.MAX_SAFE_INTEGER)),
});

/** DELETE /v1/actions?item= or ?from=&to=, or neither for everything */
export const Range = v.strictObject({
  item: v.optional(Item),
  from: v.optional(whole(0, 8.64e15)),
  to: v.optional(whole(0, 8.64e15)),
});

/** GET /v1/profile?vectors=1 */
export const View = v.strictObject({ vectors: v.optional(v.picklist(["0", "1"])) });

/** The header Idempotency-Key. */
export const RequestKey = v.pipe(v.string(), v.regex(/^[\w-]{8,64}$/));

// The mixture of recommend() against its definition, computed with plain loops; the first taps.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Catalogue, cluster, init, openSage } from "pocketsage";
import { DAY, NOW, seeded } from "./world.mjs";

const DIM = 12;
const TOPICS = 6;
const ITEM_COUNT = 240;

const random = seeded(5);
const normal = () => random() + random() + random() + random() - 2;
const topics = Array.from({ length: TOPICS }, () => Array.from({ length: DIM }, normal));
const unit = (vector) => {
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
};
const dot = (a, b) => a.reduce((sum, x, axis) => sum + x * b[axis], 0);
const items = Array.from({ length: ITEM_COUNT }, (_, index) => {
  const vector = topics[index % TOPICS].map((x) => x + 0.7 * normal());
  return [`item-${index}`, vector, undefined, Math.floor(200 * random() ** 4)];
});
const catalogue = await Catalogue.from(items, { dim: DIM });
const ids = items.map(([id]) => id);
const vectors = new Map(ids.map((id) => [id, unit([...catalogue.vector(id)])]));

const sumOf = (numbers) => numbers.reduce((sum, x) => sum + x, 0);

/** The mean of vectors, weighted, of unit length. */
function weightedMean(rows, weights) {
  return unit(
    rows[0].map((_, axis) => sumOf(rows.map((row, index) => weights[index] * row[axis]))),
  );
}

/**
 * The items that are not in the history in display order, with their shares, by the definition. All
 * of them are candidates: there are fewer than the 200 hits of a query.
 */
async function arrangedShares(actions, { focus = 0.3, popularity = 1, interests = 10 }) {
  await init();
  const rows = actions.map(({ item }) => vectors.get(item));
  const ages = actions.map(({ at }) => (NOW - at) / DAY);
  const itemCount = new Set(actions.map(({ item }) => item)).size;
  const { labels, count } = cluster(rows.flat(), {
    dim: DIM,
    cut: { threshold: itemCount <= 5 ? 0 : 0.7 * catalogue.spread },
    weights: actions.map(({ weight }) => weight),
  });
  const groups = Array.from({ length: count }, (_, label) =>
    [...labels.keys()].filter((row) => labels[row] === label),
  );
  const decayed = (row, decay) => actions[row].weight * Math.exp(-decay * ages[row]);
  const importance = (group) => sumOf(group.map((row) => decayed(row, 0.03)));
  const top = groups.sort((a, b) => importance(b) - importance(a)).slice(0, interests);
  const total = sumOf(top.map(importance));
  const meanOf = (group, decay) =>
    weightedMean(
      group.map((row) => rows[row]),
      group.map((row) => decayed(row, decay)),
    );
  const average = meanOf([...rows.keys()], 0.05 + 0.05 * popularity);
  const centres = top.map((group) => meanOf(group, 0.1));
  const lean = 0.5 * Math.min(1, focus / 0.3);
  const leaning = centres.map((centre) =>
    unit(centre.map((x, axis) => (1 - lean) * x + lean * average[axis])),
  );
  const own = new Set(actions.map(({ item }) => item));
  const candidates = ids.filter((id) => !own.has(id));
  const bonus = (id) => popularity * Math.log1p(catalogue.prior(id));
  const sharpness = 20 - 10 * popularity;
  const lists = [[focus, (id) => sharpness * dot(average, vectors.get(id)) + bonus(id)]];
  for (const [index, query] of leaning.entries())
    lists.push([
      ((1 - focus) * importance(top[index])) / total,
      (id) => sharpness * dot(query, vectors.get(id)) + bonus(id),
    ]);
  const poolWeight = popularity === 0 ? 0 : 0.5 / (itemCount + 0.5);
  for (const list of lists) list[0] *= 1 - poolWeight;
  const pool = [...candidates].filter((id) => catalogue.prior(id) > 0);
  pool.sort((a, b) => catalogue.prior(b) - catalogue.prior(a)).splice(200);
  const result = new Map(candidates.map((id) => [id, 0]));
  const addList = (weight, listed, exponentOf) => {
    const exponents = listed.map(exponentOf);
    const sorted = [...exponents].sort((a, b) => b - a);
    const scale =
      (1 - popularity) * Math.log(sumOf(exponents.map(Math.exp))) +
      popularity * (sorted[99] ?? sorted.at(-1));
    listed.forEach((id, index) =>
      result.set(id, result.get(id) + weight * Math.exp(exponents[index] - scale)),
    );
  };
  for (const [weight, exponentOf] of lists) if (weight > 0) addList(weight, candidates, exponentOf);
  if (poolWeight > 0) addList(poolWeight, pool, bonus);
  const order = [...result].sort((a, b) => b[1] - a[1]);
  if (focus === 1) return order;

  const cosine = (index, id) => dot(centres[index], vectors.get(id));
  const isNearest = (index, id) =>
    centres.every((_, other) => cosine(other, id) <= cosine(index, id));
  const first = new Set();
  for (const index of centres.slice(0, 6).keys()) {
    const near = [...candidates]
      .sort((a, b) => cosine(index, b) - cosine(index, a))
      .slice(0, 50)
      .sort((a, b) => sharpness * (cosine(index, b) - cosine(index, a)) + bonus(b) - bonus(a))
      .filter((id) => !first.has(id));
    first.add(near.find((id) => isNearest(index, id)) ?? near[0]);
  }
  return [...order.filter(([id]) => first.has(id)), ...order.filter(([id]) => !first.has(id))];
}

const open = async (actions, options = {}) => {
  const sage = await openSage({ catalogue, now: () => NOW, ...options });
  await sage.record(actions);
  return sage;
};

const history = (minLength, maxLength) =>
  fc.uniqueArray(
    fc.record({
      item: fc.constantFrom(...ids),
      at: fc.integer({ min: 0, max: 90 }).map((days) => NOW - days * DAY),
      weight: fc.constantFrom(1, 0.5, 3),
    }),
    { minLength, maxLength, selector: ({ item }) => item },
  );
const share = fc.constantFrom(0, 0.2, 0.5, 1);

test("recommend() is its definition", () =>
  fc.assert(
    fc.asyncProperty(history(6, 40), share, share, async (actions, focus, popularity) => {
      const sage = await open(actions);
      const expected = await arrangedShares(actions, { focus, popularity });
      const shareOf = new Map(expected);
      const picks = await sage.recommend({ count: 100, focus, popularity });
      assert.equal(picks.length, 100);
      // Shares that differ by rounding only may swap places.
      for (const [index, { item }] of picks.entries()) {
        const [seen, wanted] = [shareOf.get(item), expected[index][1]];
        assert.ok(
          Math.abs(seen - wanted) <= 1e-3 * wanted,
          `${item}: ${seen} in place ${index}, expected ${expected[index]}`,
        );
      }
    }),
    { numRuns: 60, seed: 14 },
  ));

test("each of 2 to 5 items is answered within the first 6", () =>
  fc.assert(
    fc.asyncProperty(history(2, 5), share, async (actions, popularity) => {
      const sage = await open(actions);
      const picks = await sage.recommend({ count: 6, popularity });
      const answered = picks.map(({ item }) => {
        const cosines = actions.map((action) => dot(vectors.get(action.item), vectors.get(item)));
        return cosines.indexOf(Math.max(...cosines));
      });
      // An item that is nearest to no action of its own may not exist: then another is nearer.
      for (const [row, { item }] of actions.entries()) {
        const isNearest = (id) =>
          actions.every(
            (other) =>
              dot(vectors.get(other.item), vectors.get(id)) <=
              dot(vectors.get(item), vectors.get(id)),
          );
        const own = new Set(actions.map((action) => action.item));
        if (ids.some((id) => !own.has(id) && isNearest(id)))
          assert.ok(answered.includes(row), `${item} of ${JSON.stringify(actions)}`);
      }
    }),
    { numRuns: 100, seed: 14 },
  ));

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

/** The items that are not in the history in display order, with their shares, by the definition. */
async function arrangedShares(actions, { focus = 0.7, popularity = 1, interests = 10 }) {
  await init();
  const rows = actions.map(({ item }) => vectors.get(item));
  const ages = actions.map(({ at }) => (NOW - at) / DAY);
  const isShort = new Set(actions.map(({ item }) => item)).size <= 5;
  const { labels, count } = cluster(rows.flat(), {
    dim: DIM,
    cut: { threshold: isShort ? 0 : 0.7 * catalogue.spread },
    weights: actions.map(({ weight }) => weight),
  });
  const groups = Array.from({ length: count }, (_, label) =>
    [...labels.keys()].filter((row) => labels[row] === label),
  );
  const decayed = (row, decay) => actions[row].weight * Math.exp(-decay * ages[row]);
  const importance = (group) => sumOf(group.map((row) => decayed(row, 0.03)));
  const top = groups.sort((a, b) => importance(b) - importance(a)).slice(0, interests);
  const total = sumOf(top.map(importance));
  const centre = (group) =>
    weightedMean(
      group.map((row) => rows[row]),
      group.map((row) => decayed(row, 0.1)),
    );
  const queries = top.map((group) => [((1 - focus) * importance(group)) / total, centre(group)]);
  queries.push([focus, centre([...rows.keys()])]);
  const own = new Set(actions.map(({ item }) => item));
  const candidates = ids.filter((id) => !own.has(id));
  const result = new Map(candidates.map((id) => [id, 0]));
  for (const [weight, query] of queries) {
    const terms = candidates.map(
      (id) => Math.exp(10 * dot(query, vectors.get(id))) * (1 + catalogue.prior(id)) ** popularity,
    );
    const sum = sumOf(terms);
    candidates.forEach((id, index) =>
      result.set(id, result.get(id) + (weight * terms[index]) / sum),
    );
  }
  const order = [...result].sort((a, b) => b[1] - a[1]);
  const nearest = (id) => {
    const cosines = top.map((group) => dot(centre(group), vectors.get(id)));
    return cosines.indexOf(Math.max(...cosines));
  };
  const covered = top
    .slice(0, 5)
    .filter((group) => isShort || importance(group) >= 0.1 * total)
    .map((_, index) => order.find(([id]) => nearest(id) === index))
    .filter((entry) => entry !== undefined && focus < 1);
  const first = new Set(covered);
  for (const entry of order) if (first.size < 6) first.add(entry);
  return [
    ...order.filter((entry) => first.has(entry)),
    ...order.filter((entry) => !first.has(entry)),
  ];
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
const share = fc.constantFrom(0, 0.25, 0.7, 1);

test("the share of an item is the weighted sum of its softmaxes", () =>
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

test("each of the 5 most important interests has an item among the first 6", () =>
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

// score() and rank(): the order of a caller's own list, by taste and by its given order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import { Catalogue, connectSage, openSage, serveSage } from "pocketsage";
import { DAY, NOW, rejects, seeded } from "./world.mjs";

const DIM = 16;
const ITEM_COUNT = 120;
const random = seeded(11);
const items = Array.from({ length: ITEM_COUNT }, (_, index) => [
  `item-${index}`,
  Array.from({ length: DIM }, (_, axis) => random() - 0.5 + (axis === index % 4 ? 2 : 0)),
  undefined,
  index % 7,
]);
// Two items of one vector: their tastes are equal.
items[5][1] = items[9][1];
const catalogue = await Catalogue.from(items, { dim: DIM });
const ids = items.map(([id]) => id);
const cosine = (a, b) => {
  const [x, y] = [a, b].map((id) => catalogue.vector(id));
  return x.reduce((sum, component, axis) => sum + component * y[axis], 0);
};

const openUser = async (actions, options = {}) => {
  const sage = await openSage({ catalogue, now: () => NOW, ...options });
  await sage.record(actions);
  return sage;
};
const history = [3, 7, 2, 18, 40, 41, 63, 64].map((index, age) => ({
  item: `item-${index}`,
  at: NOW - age * DAY,
}));
const user = await openUser(history);

const lists = fc.array(
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...ids) }, fc.constantFrom("new-1", "new-2")),
  { maxLength: 40 },
);
const tastes = fc.double({ min: 0, max: 1, noNaN: true });

test("rank: 0 is the given order, 1 the order by taste, ties in the given order", async () => {
  await fc.assert(
    fc.asyncProperty(lists, async (list) => {
      assert.deepEqual(await user.rank(list, { taste: 0 }), list);
      const ranked = await user.rank(list);
      assert.deepEqual(await user.rank(list, { taste: 1 }), ranked);
      const known = (await user.score(list)).filter((score) => score.known);
      known.sort((a, b) => b.taste - a.taste); // stable
      assert.deepEqual(
        ranked.filter((item) => catalogue.has(item)),
        known.map(({ item }) => item),
      );
    }),
    { numRuns: 50 },
  );
  assert.deepEqual(await user.rank(["item-9", "item-5"]), ["item-9", "item-5"]);
  assert.deepEqual(await user.rank(["item-5", "item-9"]), ["item-5", "item-9"]);
});

test("rank: a permutation in which unknown items keep their places", async () => {
  await fc.assert(
    fc.asyncProperty(lists, tastes, async (list, taste) => {
      const ranked = await user.rank(list, { taste });
      assert.deepEqual([...ranked].sort(), [...list].sort());
      list.forEach((item, index) => {
        if (!catalogue.has(item)) assert.equal(ranked[index], item);
      });
    }),
    { numRuns: 50 },
  );
});

test("rank: what both orders agree on stays, and a pair changes at most once", async () => {
  const distinct = fc.uniqueArray(fc.constantFrom(...ids), { minLength: 2, maxLength: 15 });
  await fc.assert(
    fc.asyncProperty(distinct, fc.array(tastes, { maxLength: 6 }), async (list, shares) => {
      const orders = [];
      for (const taste of [0, ...shares.sort((a, b) => a - b), 1])
        orders.push(await user.rank(list, { taste }));
      for (const a of list)
        for (const b of list.slice(list.indexOf(a) + 1)) {
          const changes = orders.map((order) => order.indexOf(a) > order.indexOf(b));
          assert.deepEqual(changes, [...changes].sort(), `${a} and ${b}`);
        }
    }),
    { numRuns: 30 },
  );
});

test("rank: the order of two items does not depend on the rest of the list", async () => {
  const ranked = await user.rank(ids);
  const part = ids.filter((_, index) => index % 3 === 0);
  assert.deepEqual(
    await user.rank(part),
    ranked.filter((item) => part.includes(item)),
  );
});

test("score: the values of one action, by their definitions", async () => {
  const sage = await openUser({ item: "item-8", at: NOW - 3 * DAY });
  const scores = await sage.score(["item-8", "item-50", "new-1"]);
  assert.deepEqual(
    scores.map(({ item }) => item),
    ["item-8", "item-50", "new-1"],
  );
  for (const { item, known, similarity, taste, recency, prior, novelty } of scores.slice(0, 2)) {
    const expected = cosine(item, "item-8");
    assert.ok(Math.abs(similarity - expected) < 1e-5, `${similarity}, ${expected}`);
    assert.ok(Math.abs(taste - expected) < 1e-5, `${taste}`);
    assert.ok(Math.abs(novelty - (1 - Math.max(0, expected))) < 1e-5, `${novelty}`);
    assert.ok(Math.abs(recency - Math.exp(-0.3)) < 1e-9, `${recency}`);
    assert.equal(prior, catalogue.prior(item));
    assert.equal(known, true);
  }
  const neutral = { known: false, similarity: 0, taste: 0, recency: 0, prior: 0, novelty: 1 };
  assert.deepEqual(scores[2], { item: "new-1", ...neutral });
});

test("score: ranges, and items of the history", async () => {
  for (const score of await user.score(ids)) {
    assert.ok(Math.abs(score.similarity) <= 1 && Math.abs(score.taste) <= 1, score.item);
    assert.ok(score.recency > 0 && score.recency <= 1, score.item);
    assert.ok(score.novelty >= 0 && score.novelty <= 1, score.item);
    if (history.some(({ item }) => item === score.item)) assert.ok(score.novelty < 1e-5);
  }
});

test("without actions all values are neutral and all items keep their places", async () => {
  const sage = await openSage({ catalogue, now: () => NOW });
  assert.deepEqual(await sage.rank(ids), ids);
  const [score] = await sage.score(["item-6"]);
  assert.deepEqual(score, {
    item: "item-6",
    known: true,
    similarity: 0,
    taste: 0,
    recency: 0,
    prior: catalogue.prior("item-6"),
    novelty: 1,
  });
  assert.deepEqual(await user.score([]), []);
  assert.deepEqual(await user.rank([]), []);
});

test("a given vector takes precedence, with and without a catalogue", async () => {
  const liked = [...catalogue.vector("item-3")];
  const opposite = liked.map((component) => -component);
  const list = [{ item: "item-3", vector: opposite }, { item: "new-1", vector: liked }, "item-7"];
  assert.deepEqual((await user.rank(list)).at(-1), "item-3");
  const plain = await openSage({ dim: DIM, now: () => NOW });
  await plain.record({ item: "a", vector: liked });
  const scores = await plain.score([...list, { item: "zero", vector: Array(DIM).fill(0) }]);
  assert.deepEqual(
    scores.map(({ known }) => known),
    [true, true, false, true],
  );
  assert.equal(scores[3].similarity, 0);
  assert.deepEqual(await plain.rank(list), ["new-1", "item-3", "item-7"]);
});

test("the `vectors` option looks up items without a known vector", async () => {
  const requests = [];
  const sage = await openUser(history, {
    vectors: async (lookedUp) => {
      requests.push(lookedUp);
      if (lookedUp.includes("fails")) throw new Error("engine");
      return lookedUp.map((item) => (item === "new-1" ? catalogue.vector("item-3") : undefined));
    },
  });
  const [found, missing] = await sage.score(["new-1", "new-2", "item-1"]);
  assert.equal(found.known, true);
  assert.equal(missing.known, false);
  assert.deepEqual(requests, [["new-1", "new-2"]]);
  await rejects(sage.rank(["fails"]), "retrieval", /vectors failed/);
});

test("taste is the soft maximum of the cosines to the queries of recommend", async () => {
  let queries;
  // A retriever receives the queries: the average and the representative of each interest.
  const sage = await openUser(history, {
    retriever: async (given) => {
      queries = given;
      return given.map(() => []);
    },
  });
  await sage.recommend();
  const byHand = ({ vector }, id) => {
    const [x, y] = [vector, catalogue.vector(id)];
    const dot = (a, b) => a.reduce((sum, component, axis) => sum + component * b[axis], 0);
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  };
  for (const { item, similarity, taste } of await sage.score(ids)) {
    const [average, ...interests] = queries.map((query) => byHand(query, item));
    assert.ok(Math.abs(similarity - Math.max(...interests)) < 1e-5, item);
    assert.ok(taste < Math.max(average, ...interests) + 1e-5, item);
    assert.ok(taste > Math.min(average, ...interests) - 1e-5, item);
  }
  // Vectors of the caller are compared like those of the catalogue.
  const stored = await sage.score(ids);
  const given = await sage.score(ids.map((item) => ({ item, vector: catalogue.vector(item) })));
  given.forEach(({ taste, similarity, novelty }, index) => {
    assert.ok(Math.abs(taste - stored[index].taste) < 1e-5);
    assert.ok(Math.abs(similarity - stored[index].similarity) < 1e-5);
    assert.ok(Math.abs(novelty - stored[index].novelty) < 1e-5);
  });
});

test("a disliked item and items near it come last, and others keep their order", async () => {
  const sage = await openUser(history);
  const before = await sage.rank(ids);
  const disliked = before[0];
  await sage.dislike(disliked);
  const after = await sage.rank(ids);
  assert.deepEqual(await sage.rank(ids, { taste: 0 }), ids);
  const near = before.filter((item) => item !== disliked && cosine(item, disliked) > 0.85);
  assert.ok(near.length > 0);
  for (const item of near)
    assert.ok(after.indexOf(item) > before.indexOf(item), `${item}: ${after.indexOf(item)}`);
  const far = before.filter((item) => cosine(item, disliked) < 0.6);
  assert.deepEqual(
    after.filter((item) => far.includes(item)),
    far,
  );
  for (const item of far)
    assert.ok(after.indexOf(item) < after.indexOf(disliked), `${item} before ${disliked}`);
  await sage.undislike(disliked);
  assert.deepEqual(await sage.rank(ids), before);
});

test("a dislike counts before anything else was done", async () => {
  const sage = await openSage({ catalogue, now: () => NOW });
  await sage.dislike("item-3");
  assert.equal((await sage.rank(["item-3", "item-4", "item-5"])).at(-1), "item-3");
});

test("items of a muted interest come last, and a boost moves its items forward", async () => {
  const sage = await openUser(history);
  const { interests } = await sage.profile();
  assert.ok(interests.length > 1);
  const before = await sage.rank(ids);
  const own = [...interests[0].items];
  const meanPlace = (order) => own.reduce((sum, item) => sum + order.indexOf(item), 0) / own.length;
  await sage.mute(interests[0].medoid);
  const muted = await sage.rank(ids);
  assert.ok(meanPlace(muted) > meanPlace(before), `${meanPlace(muted)}, ${meanPlace(before)}`);
  const others = interests.slice(1).flatMap(({ items }) => items);
  for (const item of own)
    for (const other of others) assert.ok(muted.indexOf(item) > muted.indexOf(other), item);
  await sage.boost(interests[0].medoid, 20);
  assert.ok(meanPlace(await sage.rank(ids)) < meanPlace(before));
});

test("items of a muted interest come last if no other interest is left", async () => {
  const sage = await openUser([{ item: "item-3", at: NOW }]);
  const near = (await sage.recommend({ count: 5 })).map(({ item }) => item);
  const [last] = (await sage.recommend({ count: 1000 })).slice(-1);
  await sage.mute("item-3");
  assert.deepEqual(await sage.rank([...near, last.item]), [last.item, ...near]);
  assert.ok((await sage.score(near)).every(({ taste }) => taste <= -1));
});

test("scores follow the priors of the catalogue", async () => {
  const other = await Catalogue.from(
    items.map(([id, vector]) => [id, vector]),
    { dim: DIM },
  );
  const open = async () => {
    const sage = await openSage({ catalogue: other, now: () => NOW });
    await sage.record(history);
    return sage;
  };
  const sage = await open();
  const before = await sage.score(ids);
  other.setPriors([[ids[0], 9]]);
  const after = await sage.score(ids);
  assert.notDeepEqual(after, before);
  assert.deepEqual(after, await (await open()).score(ids));
});

test("a metric other than cosine ranks by cosine, too", async () => {
  const other = await Catalogue.from(items, { dim: DIM, metric: "ip" });
  const sage = await openSage({ catalogue: other, now: () => NOW });
  await sage.record(history);
  const [own] = await sage.score([history[0].item]);
  assert.ok(own.similarity > 0.9 && own.similarity <= 1 && own.novelty < 1e-5, own);
  assert.equal((await sage.rank(ids)).length, ids.length);
});

test("invalid arguments are errors that name the item or option", async () => {
  await rejects(user.rank("item-1"), "option", /rank: expected a list of items, saw "item-1"/);
  await rejects(user.score(undefined), "option", /score: expected a list of items/);
  await rejects(user.rank(["item-1", ""]), "option", /rank: item 1: expected an item's id/);
  await rejects(user.rank([null]), "option", /rank: item 0: expected an item's id/);
  await rejects(user.rank([7]), "option", /rank: item 0: expected an item's id/);
  await rejects(user.rank([], { taste: null }), "option", /rank: taste: .*saw null/);
  await rejects(user.score([{ item: "a", vectr: [] }]), "option", /item 0.*vectr/);
  await rejects(
    user.score([{ item: "a", vector: [1] }]),
    "dimension",
    /item 0: the vector has 1 comp/,
  );
  await rejects(user.rank([], { taste: 1.5 }), "option", /rank: taste.*1\.5/);
  await rejects(user.rank([], { taste: Number.NaN }), "option", /rank: taste/);
  await rejects(user.rank([], { tast: 1 }), "option", /tast/);
});

test("a worker's sage scores and ranks", async () => {
  const { port1, port2 } = new MessageChannel();
  serveSage(() => openUser(history), port1);
  const remote = await connectSage(port2);
  const list = ["item-1", { item: "new-1", vector: catalogue.vector("item-3") }, "new-2"];
  assert.deepEqual(await remote.rank(list, { taste: 0.5 }), await user.rank(list, { taste: 0.5 }));
  assert.deepEqual(await remote.score(list), await user.score(list));
  await remote.close();
  port1.close();
});

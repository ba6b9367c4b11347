// The conformance suite of the engine adapters, run against real servers and contract servers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exactNeighbours } from "./items.mjs";

/**
 * Defines the tests of one engine. The caller's `before` hook completes `engine`:
 * - `items`: the items that the server holds; `unknown`: a well-formed id that it does not hold.
 * - `make(options)`: a retriever; `unauthorized()`: one with wrong credentials; `unreachable()`:
 *   one of a closed port; `missing()`: one of a collection that does not exist.
 *
 * `expects` states where an engine differs: `filter` ("full", "numbers" or "none") as in its
 * capabilities, `any: false` without disjunctions, `auth: false` without credentials.
 */
export function conformance(name, engine, expects = {}) {
  const { filter = "full" } = expects;
  const query = (row, count = 50) => ({
    item: engine.items[row].id,
    vector: engine.items[row].vector,
    count,
  });
  const lists = async (retriever, queries) => {
    const answers = await retriever.ask(queries);
    return answers.map((answer) => {
      assert.equal(answer.status, "ok", answer.error?.message);
      return answer.hits;
    });
  };
  const recall = (hits, row) => {
    const { id, vector } = engine.items[row];
    const expectedItems = new Set(
      exactNeighbours(engine.items, vector, hits.length, id).map(({ item }) => item),
    );
    return hits.filter(({ item }) => expectedItems.has(item)).length / expectedItems.size;
  };

  test(`${name}: hits carry the number in priorField, and none without it`, async () => {
    const sizeOf = new Map(engine.items.map(({ id, size }) => [id, size]));
    const queries = [query(3, 20), query(400, 20)];
    const found = await lists(engine.make({ priorField: "size" }), queries);
    for (const { item, prior } of found.flat()) assert.equal(prior, sizeOf.get(item));
    for (const hit of (await lists(engine.make(), queries)).flat())
      assert.deepEqual(Object.keys(hit), ["item", "score"]);
    const [byVector] = await lists(engine.make({ priorField: "size" }), [
      { vector: engine.items[9].vector, count: 5 },
    ]);
    assert.deepEqual(
      byVector.map(({ prior }) => prior),
      byVector.map(({ item }) => sizeOf.get(item)),
    );
  });

  for (const [kind, strip] of [
    ["stored id", ({ item, count }) => ({ item, count })],
    ["vector", ({ vector, count }) => ({ vector, count })],
    ["id and vector", (complete) => complete],
  ]) {
    test(`${name}: query by ${kind}: recall@50 >= 0.98, sorted, cosines within 1e-3`, async () => {
      const rows = [0, 7, 133, 512, 1999];
      const found = await lists(
        engine.make(),
        rows.map((row) => strip(query(row))),
      );
      assert.equal(found.length, rows.length);
      let sum = 0;
      found.forEach((hits, index) => {
        const row = rows[index];
        const { id, vector } = engine.items[row];
        assert.equal(hits.length, 50);
        assert.deepEqual(
          hits,
          [...hits].sort((a, b) => b.score - a.score),
          "best first",
        );
        const own = hits.find(({ item }) => item === id);
        if (kind === "vector")
          assert.ok(
            own && Math.abs(own.score - 1) < 1e-3,
            "a query by vector does not exclude the item of that vector",
          );
        else assert.equal(own, undefined, "a query by id excludes its item");
        const byId = new Map(engine.items.map((each) => [each.id, each.vector]));
        for (const { item, score } of hits) {
          const cosine = byId
            .get(item)
            .reduce((total, value, axis) => total + value * vector[axis], 0);
          assert.ok(Math.abs(cosine - score) < 1e-3, `${item}: score ${score}, cosine ${cosine}`);
        }
        sum +=
          kind === "vector"
            ? recall(
                hits.filter(({ item }) => item !== id),
                row,
              )
            : recall(hits, row);
      });
      assert.ok(sum / rows.length >= 0.98, `recall@50 is ${sum / rows.length}`);
    });
  }

  test(`${name}: an unknown id is "not-found"; other queries of the batch succeed`, async () => {
    const quoted = `no'such"item; drop table items; --`;
    const answers = await engine.make().ask([
      { item: engine.items[3].id, count: 5 },
      { item: engine.unknown ?? "item-999999", count: 5 },
      { item: quoted, count: 5 },
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      ["ok", "not-found", "not-found"],
      JSON.stringify(answers.map(({ error }) => error?.message)),
    );
    assert.equal(answers[0].hits.length, 5);
  });

  test(`${name}: a query with an unknown id and a vector falls back on the vector`, async () => {
    const [answer] = await engine
      .make()
      .ask([{ item: engine.unknown ?? "item-999999", vector: engine.items[3].vector, count: 5 }]);
    assert.equal(answer.status, "ok", answer.error?.message);
    assert.equal(answer.hits[0].item, engine.items[3].id);
  });

  test(`${name}: as a function it resolves to lists and rejects for an unknown id`, async () => {
    const [hits] = await engine.make()([query(5, 3)]);
    assert.equal(hits.length, 3);
    await assert.rejects(engine.make()([{ item: engine.unknown ?? "item-999999", count: 3 }]), {
      name: "SageError",
      code: "retrieval",
      reason: "not-found",
    });
  });

  test(`${name}: vectors() resolves to the vectors of ids, undefined for unknown ids`, async () => {
    const { vector, id } = engine.items[11];
    const [found, none] = await engine.make().vectors([id, engine.unknown ?? "item-999999"]);
    assert.equal(none, undefined);
    assert.equal(found.length, vector.length);
    const cosine =
      found.reduce((sum, value, axis) => sum + value * vector[axis], 0) / Math.hypot(...found);
    assert.ok(Math.abs(cosine - 1) < 1e-4, `cosine ${cosine}`);
  });

  test(`${name}: a wrong dimension rejects; without dim the engine reports it`, async () => {
    const short = Float32Array.of(1, 0, 0);
    await assert.rejects(engine.make().ask([{ vector: short, count: 5 }]), { code: "dimension" });
    const [answer] = await engine.make({ dim: undefined }).ask([{ vector: short, count: 5 }]);
    assert.equal(answer.status, "error");
    assert.equal(answer.error.code, "retrieval");
  });

  test(`${name}: NaN, an empty query and count 0 reject; a zero vector has no hits`, async () => {
    const retriever = engine.make();
    const bad = engine.items[0].vector.slice();
    bad[17] = NaN;
    await assert.rejects(retriever.ask([{ vector: bad, count: 5 }]), { code: "not-finite" });
    const zero = { vector: new Float32Array(bad.length), count: 5 };
    const [{ hits }] = await retriever.ask([zero]);
    assert.deepEqual(hits, []);
    await assert.rejects(retriever.ask([{ count: 5 }]), { code: "option" });
    await assert.rejects(retriever.ask([query(0, 0)]), { code: "option" });
  });

  test(`${name}: k = 10,000 is limited to the engine's maxK`, async () => {
    const retriever = engine.make();
    const [hits] = await lists(retriever, [query(0, 10_000)]);
    assert.ok(
      hits.length > 50 && hits.length <= retriever.capabilities.maxK,
      `${hits.length} hits`,
    );
  });

  if (filter !== "none") {
    test(`${name}: filters`, async () => {
      const byId = new Map(engine.items.map((each) => [each.id, each]));
      const check = async (condition, holds) => {
        const [hits] = await lists(engine.make({ filter: condition }), [query(4, 20)]);
        assert.ok(hits.length > 0, `${JSON.stringify(condition)} found nothing`);
        for (const { item } of hits)
          assert.ok(holds(byId.get(item)), `${item} ${JSON.stringify(condition)}`);
      };
      await check({ field: "size", from: 20, to: 30 }, ({ size }) => size >= 20 && size <= 30);
      await check({ field: "size", is: 42 }, ({ size }) => size === 42);
      await check({ not: { field: "size", from: 10 } }, ({ size }) => size < 10);
      if (filter === "numbers") {
        assert.throws(() => engine.make({ filter: { field: "colour", is: "red" } }), {
          code: "option",
        });
        return;
      }
      await check({ field: "colour", in: ["red", "blue"] }, ({ colour }) => colour !== "green");
      if (expects.any !== false) {
        await check(
          {
            any: [
              { field: "colour", is: "red" },
              { field: "size", is: 1 },
            ],
          },
          ({ colour, size }) => colour === "red" || size === 1,
        );
      }
      await check(
        { all: [{ field: "colour", is: "red" }, { not: { field: "size", from: 50 } }] },
        ({ colour, size }) => colour === "red" && size < 50,
      );
      const [none] = await lists(
        engine.make({ filter: { field: "colour", is: `red" or 1=1 --` } }),
        [query(4, 20)],
      );
      assert.deepEqual(none, [], "a filter value is never parsed as syntax");
    });
  }

  test(`${name}: outbound() contains the ids and no credentials`, async () => {
    const outbound = engine.make().outbound([query(0), query(1)]);
    const text = outbound.map(({ bytes }) => new TextDecoder().decode(bytes)).join();
    assert.ok(outbound.length > 0 && text.length > 10);
    assert.ok(
      outbound.every(({ to, says }) => to && /No weights, no times, no user id/.test(says)),
    );
  });

  test(`${name}: an aborted call rejects at once`, async () => {
    await assert.rejects(engine.make().ask([query(0)], AbortSignal.abort("enough")), {
      code: "aborted",
    });
    const controller = new AbortController();
    const answers = engine.make().ask([query(0)], controller.signal);
    controller.abort("test");
    await assert.rejects(answers, { code: "aborted" });
  });

  test(`${name}: an unreachable engine is an error of every query`, async () => {
    const answers = await engine.unreachable().ask([query(0), query(1)]);
    assert.deepEqual(
      answers.map(({ status, error }) => [status, error?.code, error?.reason]),
      [
        ["error", "retrieval", "network"],
        ["error", "retrieval", "network"],
      ],
    );
  });

  if (expects.auth !== false) {
    test(`${name}: wrong credentials are errors with the reason "refused"`, async () => {
      const [answer] = await engine.unauthorized().ask([query(0)]);
      assert.equal(answer.status, "error");
      assert.equal(answer.error.reason, "refused", answer.error.message);
    });
  }

  test(`${name}: a missing collection is an error with the reason "not-found"`, async () => {
    const [answer] = await engine.missing().ask([query(0)]);
    assert.equal(answer.status, "error");
    assert.equal(answer.error.reason, "not-found", answer.error.message);
  });
}

// pocketsage/text with a sage: any embedder, actions on texts, recommendations for a query.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, isSageError, openSage } from "pocketsage";
import { openEmbedder, openSageText, openText } from "pocketsage/text";
import { learnTexts, withTower } from "../../pkg/cli/build/text.js";

const KINDS = ["tea", "bike", "book"];
const items = KINDS.flatMap((kind, axis) =>
  Array.from({ length: 12 }, (_, index) => {
    const vector = Float32Array.of(0.2, 0.2, 0.2);
    vector[axis] += 1 + 0.01 * index;
    return [`${kind}-${index}`, vector, { title: `${kind} number ${index}` }];
  }),
);
const { tower } = learnTexts(items, ["title"], false, String, () => {});
const openCatalogue = async () => withTower(await Catalogue.from(items, { dim: 3 }), tower);
const catalogue = await openCatalogue();
/** A model of three words. */
const model = (text) => KINDS.map((kind) => (text.includes(kind) ? 2 : 0.1));
const rejects = (promise, code, message = /./) =>
  assert.rejects(promise, (error) => {
    assert.ok(isSageError(error) && error.message.length <= 500, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
const kindOf = ({ item }) => item.split("-")[0];

test("an embedder gives vectors of unit length, and searches with names", async () => {
  const seen = [];
  const text = openEmbedder(catalogue, {
    nameField: "title",
    embed: async (given) => {
      seen.push(given);
      return model(given);
    },
  });
  const vector = await text.embed("tea");
  assert.ok(vector instanceof Float32Array && Math.abs(Math.hypot(...vector) - 1) < 1e-6);
  const hits = await text.search("bike number 7", { count: 12 });
  assert.equal(hits[0].item, "bike-7");
  assert.ok(hits.every((hit) => kindOf(hit) === "bike"));
  assert.deepEqual(seen, ["tea", "bike number 7"]);
  await text.embed("x".repeat(1e6));
  assert.equal(seen.at(-1).length, 16_384);
  for (const empty of ["", "  ", "!?", "\0\x01", "\ud800"]) {
    assert.equal(await text.embed(empty), undefined);
    assert.deepEqual(await text.search(empty), []);
  }
  assert.equal(seen.length, 3, "texts without letters are not embedded");
  assert.ok(await text.embed("Чай 東京 ☕"), "a script that no item has");
});

test("what an embedder returns is checked", async () => {
  const embedding = (embed) => openEmbedder(catalogue, { embed }).embed("tea");
  await rejects(
    embedding(() => [1, 2]),
    "dimension",
    /embedder's vector/,
  );
  await rejects(
    embedding(() => [1, Number.NaN, 0]),
    "not-finite",
    /embedder's vector/,
  );
  await rejects(
    embedding(() => "vector"),
    "option",
    /embedder's vector/,
  );
  await rejects(
    embedding(() => undefined),
    "option",
    /embedder's vector/,
  );
  const failure = new Error(`no model ${"x".repeat(1000)}`);
  await rejects(
    embedding(() => Promise.reject(failure)),
    "retrieval",
    /failed: Error: no model/,
  );
  await rejects(
    embedding(() => {
      throw "text"; // not an Error
    }),
    "retrieval",
    /failed: text/,
  );
  assert.equal(await embedding(() => [0, 0, 0]), undefined);
  const signal = AbortSignal.abort();
  await rejects(openEmbedder(catalogue, { embed: model }).embed("tea", { signal }), "aborted");
  await rejects(openEmbedder(catalogue, { embed: model }).embed(3), "option");
  const refused = (options, given = catalogue) =>
    assert.throws(
      () => openEmbedder(given, options),
      (error) => error.code === "option",
    );
  refused({});
  refused({ embed: model, nameField: 3 });
  refused({ embed: model, dim: 3 });
  refused({ embed: model }, await Catalogue.from(items, { dim: 3, metric: "l2" }));
});

test("a catalogue that changes while an embedder works is searched as it is then", async () => {
  const changing = await openCatalogue();
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  const text = openEmbedder(changing, {
    nameField: "title",
    embed: (given) => gate.then(() => model(given)),
  });
  const search = text.search("tea pot", { count: 1 });
  changing.remove(["tea-11"]);
  changing.add([["pot", [0.1, 0, 0.1], { title: "Tea pot" }]]);
  release();
  assert.equal((await search)[0].item, "pot");
  const closing = text.search("tea", { count: 1 });
  changing.close();
  await rejects(closing, "closed");
});

for (const [name, texts] of [
  ["the words of the catalogue", openText(catalogue)],
  ["an embedder", openEmbedder(catalogue, { embed: model, nameField: "title" })],
])
  test(`texts are actions, and queries are answered by taste: ${name}`, async () => {
    const sage = await openSage({ catalogue });
    const words = openSageText(sage, catalogue, texts);
    const before = await words.recommend({ query: "number 3", count: 3 });
    const searched = await texts.search("number 3", { count: 3 });
    assert.deepEqual(
      before.map(({ item }) => item),
      searched.map(({ item }) => item),
      "without actions, the order of the search",
    );
    await words.record({ text: "bike tour", at: 1 });
    await words.record([{ text: "bike", item: "mine", at: 2, kind: "wish" }]);
    const actions = await sage.actions();
    assert.deepEqual(
      actions.map(({ item }) => item),
      ["mine", "text:bike tour"],
    );
    const [first, ...others] = await words.recommend({ query: "number 3", count: 6 });
    assert.equal(first.item, "bike-3");
    for (const { score, match, taste } of [first, ...others])
      assert.ok(Math.abs(score - (0.7 * match + 0.3 * taste)) < 1e-9);
    const ranked = await words.rank(searched, { taste: 0 });
    assert.deepEqual(
      ranked.map(({ item, score }) => [item, score]),
      searched.map(({ item, score }) => [item, score]),
    );
    await sage.record({ item: "bike-3" });
    await sage.hide("tea-3");
    const options = { query: "number 3", count: 36, exclude: ["book-3"] };
    const rest = (await words.recommend(options)).map(({ item }) => item);
    assert.ok(["bike-3", "tea-3", "book-3"].every((item) => !rest.includes(item)));
    assert.ok(rest.length > 10);
    await sage.close();
  });

/** A catalogue of 900 items in 3 topics, and its texts. */
async function openLarge() {
  const many = Array.from({ length: 900 }, (_, index) => {
    const vector = Float32Array.of(
      ...[0, 1, 2].map((axis) => Math.sin(index * (axis + 2)) / 2 + (index % 3 === axis ? 1 : 0)),
    );
    return [`item-${index}`, vector, { title: `${KINDS[index % 3]} number ${index}` }];
  });
  const learned = learnTexts(many, ["title"], false, String, () => {}).tower;
  const large = withTower(await Catalogue.from(many, { dim: 3 }), learned);
  return { large, texts: openText(large) };
}

test("pages of recommendations for a query are disjoint parts of one list", async () => {
  const { large, texts } = await openLarge();
  const sage = await openSage({ catalogue: large, now: () => 0 });
  const words = openSageText(sage, large, texts);
  await sage.record(["item-1", "item-4", "item-302"].map((item, at) => ({ item, at })));
  await sage.hide("item-7");
  for (const query of ["tea number 8", "tea", "Ж"]) {
    const whole = await words.recommend({ query, count: 900, taste: 0.5 });
    if (query !== "Ж") assert.equal(whole.length, 896);
    assert.equal(new Set(whole.map(({ item }) => item)).size, whole.length);
    for (const count of [7, 20, 64, 450]) {
      const pages = [];
      for (let offset = 0; offset <= whole.length; offset += count)
        pages.push(...(await words.recommend({ query, count, offset, taste: 0.5 })));
      assert.deepEqual(pages, whole, `${query} ${count}`);
    }
    for (const minScore of [0.2, 0.5, 0.9]) {
      const good = await words.recommend({ query, count: 900, taste: 0.5, minScore });
      const expected = whole.filter(({ score }) => score >= minScore);
      assert.deepEqual(
        new Set(good.map(({ item }) => item)),
        new Set(expected.map(({ item }) => item)),
      );
      const later = await words.recommend({ query, count: 9, offset: 30, taste: 0.5, minScore });
      assert.deepEqual(later, good.slice(30, 39));
    }
  }
  await sage.close();
});

test("the first page is the best by taste of 200 hits; a searched page embeds once", async () => {
  const { large } = await openLarge();
  let calls = 0;
  const texts = openEmbedder(large, {
    embed: (given) => {
      calls += 1;
      return model(given);
    },
  });
  const sage = await openSage({ catalogue: large, now: () => 0 });
  await sage.record({ item: "item-1", at: 0 });
  const words = openSageText(sage, large, texts);
  const hits = await texts.search("tea", { count: 200, exclude: ["item-1"] });
  const expected = (await words.rank(hits)).slice(0, 20);
  calls = 0;
  assert.deepEqual(await words.recommend({ query: "tea" }), expected);
  await words.recommend({ query: "tea", offset: 60 });
  assert.equal(calls, 2);
  const page = await texts.search("tea", { count: 30, offset: 50, minScore: 0.1 });
  assert.deepEqual(page, (await texts.search("tea", { count: 80, minScore: 0.1 })).slice(50));
  calls = 0;
  for (const wrong of [{ offset: -1 }, { minScore: "0" }, { count: 0 }])
    await rejects(texts.search("tea", wrong), "option", /^search: /);
  assert.equal(calls, 0, "a wrong option costs no call of the model");
  await sage.close();
});

test("texts that have no vector, and options that do not exist, are refused", async () => {
  const sage = await openSage({ catalogue });
  const words = openSageText(sage, catalogue, openText(catalogue));
  await rejects(words.record([{ text: "tea" }, { text: "Ж" }]), "unknown-item", /"Ж"/);
  assert.deepEqual(await sage.actions(), [], "all actions or none");
  await rejects(words.record({ text: 3 }), "option");
  await rejects(words.record({ text: "tea", weight: Number.NaN }), "not-finite");
  await rejects(words.recommend({}), "option");
  await rejects(words.recommend({ query: "tea", taste: 2 }), "option");
  await rejects(words.recommend({ query: "tea", count: 0 }), "option");
  for (const wrong of [{ offset: -1 }, { offset: "1" }, { minScore: "1" }, { personal: true }])
    await rejects(words.recommend({ query: "tea", ...wrong }), "option", /^recommend: /);
  await rejects(words.recommend({ query: "tea", minScore: Number.NaN }), "not-finite");
  await rejects(words.rank([], { share: 1 }), "option");
  assert.deepEqual(await words.recommend({ query: "" }), []);
  await words.record({ text: `tea \ud800${"x".repeat(500)}` });
  const [action] = await sage.actions();
  assert.ok(action.item.startsWith("text:tea \ufffd") && action.item.length < 300);
  await sage.close();
});

test("new items without vectors are added by their texts", async () => {
  const growing = await openCatalogue();
  const text = openText(growing);
  text.add([
    ["new", { title: "A bike for children", price: 3 }],
    ["old", { title: ["tea", "pot"] }],
  ]);
  assert.deepEqual(growing.vector("new").length, 3);
  assert.ok(text.search("bike for children", { count: 1 })[0].item === "new");
  assert.throws(
    () =>
      text.add([
        ["a", { title: "tea" }],
        ["b", { title: "Ж" }],
      ]),
    (error) => error.code === "unknown-item" && /"b"/.test(error.message),
  );
  assert.ok(!growing.has("a"), "all items or none");
});

test("an embedder that ignores signals is not waited for", async () => {
  const { embed, search } = openEmbedder(catalogue, { embed: () => new Promise(() => {}) });
  for (const call of [embed, search]) {
    const controller = new AbortController();
    const pending = call("tea", { signal: controller.signal });
    controller.abort();
    await rejects(pending, "aborted");
  }
  await rejects(embed("tea", null), "option", /expected an object, saw null/);
  await rejects(search("tea", null), "option", /expected an object, saw null/);
});

test("arguments of other types are refused by name, and nothing is recorded", async () => {
  const sage = await openSage({ catalogue });
  const text = openSageText(sage, catalogue, openText(catalogue));
  for (const action of [undefined, null, [null], "tea", { text: "tea", vector: [1, 0, 0] }])
    await rejects(text.record(action), "option", /record: action 0/);
  assert.deepEqual(await sage.actions(), []);
  for (const options of [undefined, null, "tea", { query: "tea", focus: 1 }])
    await rejects(text.recommend(options), "option", /recommend: /);
  assert.equal((await text.recommend({ query: "tea", count: 2 ** 32 - 1 })).length, 36);
  for (const hits of [undefined, "tea", new Set(), [null], [{ item: 5, score: 1 }]])
    await rejects(text.rank(hits), "option", /rank: /);
  await rejects(text.rank([{ item: "tea-1", score: Number.NaN }]), "not-finite", /hit 0: score/);
});

test("values of another kind are refused with a code", async () => {
  const isOption = (error) => isSageError(error) && error.code === "option";
  const sage = await openSage({ catalogue });
  const text = openText(catalogue);
  const embedder = openEmbedder(catalogue, { embed: model });
  const words = openSageText(sage, catalogue, text);
  for (const wrong of [undefined, null, 7, "tea", [], () => 1, Symbol("tea"), 1n, { tea: 1 }]) {
    assert.throws(() => openEmbedder(wrong, { embed: model }), isOption);
    assert.throws(() => openEmbedder(catalogue, wrong), isOption);
    assert.throws(() => openSageText(wrong, catalogue, text), isOption);
    assert.throws(() => openSageText(sage, wrong, text), isOption);
    assert.throws(() => openSageText(sage, catalogue, wrong), isOption);
    if (typeof wrong !== "function")
      assert.throws(() => openEmbedder(catalogue, { embed: wrong }), isOption);
    if (wrong !== undefined) {
      const named = { embed: model, nameField: wrong };
      if (wrong !== "tea") assert.throws(() => openEmbedder(catalogue, named), isOption);
      await rejects(embedder.embed("tea", wrong), "option");
      await rejects(embedder.search("tea", wrong), "option");
    }
    if (wrong !== "tea") await rejects(embedder.embed(wrong), "option");
    await rejects(words.record([wrong]), "option");
    await rejects(words.recommend(wrong), "option");
    await rejects(words.rank([wrong]), "option");
  }
  await sage.close();
});

test("an embedder and texts of another vector space are refused, and both are named", async () => {
  const named = async (space) => {
    const plain = await Catalogue.from(items, { dim: 3, space });
    return withTower(plain, tower);
  };
  const [a, b] = [await named("model-a/3"), await named("model-b/3")];
  const isMixed = (error) =>
    isSageError(error) &&
    error.code === "dimension" &&
    /"model-\w\/3" and "model-\w\/3"/.test(error);
  assert.throws(() => openEmbedder(a, { embed: model, space: "model-b/3" }), isMixed);
  const embedder = openEmbedder(catalogue, { embed: model, space: "model-b/3" });
  assert.equal(embedder.space, "model-b/3");
  const sage = await openSage({ catalogue: a });
  assert.throws(() => openSageText(sage, a, embedder), isMixed);
  assert.throws(() => openSageText(sage, a, openText(b)), isMixed);
  openSageText(sage, a, openEmbedder(a, { embed: model, space: "model-a/3" }));
  assert.throws(() => openEmbedder(a, { embed: model, space: "" }), /space: expected a name/);
  await sage.close();
});

test("holes of arrays are no actions and no hits", async () => {
  const sage = await openSage({ catalogue });
  const texts = openSageText(sage, catalogue, openText(catalogue));
  // biome-ignore-start lint/suspicious/noSparseArray: holes are the values under test.
  await rejects(texts.record([, { text: "tea" }]), "option", /action 0: expected an object/);
  await rejects(texts.rank([, { item: "tea-0", score: 1 }]), "option", /hit 0: item/);
  // biome-ignore-end lint/suspicious/noSparseArray: holes are the values under test.
  await sage.close();
});

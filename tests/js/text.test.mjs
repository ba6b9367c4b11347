// pocketsage/text: vectors of texts, and search by words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, isSageError, openSage } from "pocketsage";
import { openText } from "pocketsage/text";
import { learnTexts, withTower } from "../../pkg/cli/build/text.js";
import { foldText, openFeatureReader, wordsOf } from "../../pkg/text/features.js";
import { decodeTower, encodeTower, openEncoder } from "../../pkg/text/tower.js";

const featuresOf = openFeatureReader();
const KINDS = { tea: ["green", "leaf", "cup", "brew"], bike: ["wheel", "road", "saddle", "ride"] };
const items = Object.entries(KINDS).flatMap(([kind, words], axis) =>
  Array.from({ length: 12 }, (_, index) => {
    const vector = Float32Array.of(0.1 * Math.sin(index), 0, 0.1 * Math.cos(index));
    vector[axis] += 1;
    const payload = {
      title: `${kind} number ${index}`,
      tags: [words[index % 4], words[(index + 1) % 4]],
    };
    return [`${kind}-${index}`, vector, payload];
  }),
);
const learn = (given, all = false) =>
  learnTexts(
    given,
    ["title", "tags"],
    all,
    (index) => `line ${index}`,
    () => {},
  );
const { tower, report } = learn(items);
const catalogue = withTower(await Catalogue.from(items, { dim: 3 }), tower);
const text = openText(catalogue);
const kindOf = ({ item }) => item.split("-")[0];

test("a text has the vector of the items with its words, of unit length", () => {
  assert.deepEqual(text.fields, ["title", "tags"]);
  const vector = text.embed("green leaf");
  assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
  for (const hit of catalogue.search(vector, { count: 5 })) assert.equal(kindOf(hit), "tea");
  for (const hit of text.search("a saddle to ride", { count: 5 }))
    assert.equal(kindOf(hit), "bike");
  assert.ok(report.cosine > 0.9, `${report.cosine}`);
});

test("case, accents and compatibility forms do not count", () => {
  for (const same of ["GREEN LEAF", "grèen leäf", "ｇｒｅｅｎ leaf", "gre\u0301en, leaf!"])
    assert.deepEqual(text.embed(same), text.embed("green leaf"), same);
  assert.equal(foldText("Ärger ΣΑΣ İ"), "arger σασ i");
  assert.equal(foldText("한국어 ブ"), "한국어 ブ");
});

test("scripts without spaces have n-grams and no words", () => {
  assert.deepEqual(wordsOf("abc東京tower ไทย"), ["abc", "東京", "tower", "ไทย"]);
  const common = (a, b) => {
    const hashes = new Set(featuresOf(a).hashes.slice());
    return featuresOf(b).hashes.filter((hash) => hashes.has(hash)).length;
  };
  assert.equal(featuresOf("東京都").hashes.length, 6);
  assert.equal(common("東京都", "私は東京都"), 6);
});

test("a text without known words has no vector; its search has no hits", () => {
  for (const unknown of ["", "   ", "!?", "Ж", "東京", "\0\x01\x02", "\ud800"]) {
    assert.equal(text.embed(unknown), undefined, JSON.stringify(unknown));
    assert.deepEqual(text.search(unknown), []);
  }
});

test("texts of ASCII have the features of their general reading", () => {
  const ascii = Array.from({ length: 128 }, (_, unit) => String.fromCharCode(unit)).join("");
  for (const words of [ascii, "Tea-Pot, 3 CUPS_of tea", "a", "x".repeat(64), "x".repeat(65)]) {
    const { hashes, weights } = featuresOf(words);
    const copy = [hashes.slice(), weights.slice()];
    const general = featuresOf(`${words} é`); // no ASCII: read by words, and one feature more
    const size = copy[0].length;
    assert.deepEqual([general.hashes.slice(0, size), general.weights.slice(0, size)], copy);
    assert.equal(general.hashes.length, size + 2);
  }
});

test("huge texts take bounded time; binary ones are texts", () => {
  const begun = process.cpuUsage();
  assert.ok(text.embed("green leaf ".repeat(1e6)));
  assert.ok(text.embed(`leaf ${"x".repeat(1e6)}`));
  let noise = "leaf ";
  for (let index = 0; index < 2e5; index += 1) noise += String.fromCharCode((index * 7919) % 65536);
  text.embed(noise);
  assert.ok(process.cpuUsage(begun).user < 2e6);
  assert.ok(featuresOf(noise).hashes.length <= 4096);
});

test("values of another kind are refused with a code", async () => {
  const isOption = (error) => isSageError(error) && error.code === "option";
  for (const wrong of [undefined, null, 7, "tea", {}, [], () => 1, Symbol("tea"), 1n]) {
    assert.throws(() => openText(wrong), isOption);
    if (!Array.isArray(wrong)) assert.throws(() => text.add([wrong]), isOption);
    if (!wrong?.[Symbol.iterator]) assert.throws(() => text.add(wrong), isOption);
    if (wrong !== undefined && wrong?.constructor !== Object)
      assert.throws(() => text.search("tea", wrong), isOption);
  }
  assert.throws(() => text.add("tea"), isOption);
});

test("values that are no strings, and unknown options, are refused", () => {
  const isOption = (error) => isSageError(error) && error.code === "option";
  for (const wrong of [undefined, null, 3, {}, ["tea"]]) {
    assert.throws(() => text.embed(wrong), isOption);
    assert.throws(() => text.search(wrong), isOption);
  }
  assert.throws(() => text.search("tea", { taste: 1 }), isOption);
  for (const [name, values] of Object.entries({
    count: [0, -1, 1.5, "2", null, 2 ** 32],
    offset: [-1, 1.5, "2", null, 2 ** 32],
    minScore: ["0", null, {}],
  }))
    for (const value of values)
      assert.throws(
        () => text.search("tea", { [name]: value }),
        (error) => isOption(error) && error.message.startsWith(`search: ${name}: expected`),
      );
  for (const minScore of [Number.NaN, Infinity])
    assert.throws(() => text.search("tea", { minScore }), { code: "not-finite" });
});

test("pages are disjoint parts of one list, without gaps", async () => {
  const priced = await Catalogue.from(
    items.map(([item, vector, payload], index) => [
      item,
      vector,
      { ...payload, price: index, ...(index % 5 === 4 && { variantOf: items[index - 1][0] }) },
    ]),
    { dim: 3, attributes: ["price", "variantOf"] },
  );
  const texts = openText(withTower(priced, tower));
  const filter = { field: "price", from: 3, to: 20 };
  for (const query of ["tea number 7", "number bik", "green leaf", "number", "Ж number", "Ж"])
    for (const options of [{}, { filter }, { exclude: ["tea-7", "bike-2"] }, { variants: true }]) {
      const all = texts.search(query, { ...options, count: 100 });
      for (const count of [1, 3, 7]) {
        const pages = [];
        for (let offset = 0; offset <= all.length; offset += count)
          pages.push(...texts.search(query, { ...options, count, offset }));
        assert.deepEqual(pages, all, `${query} ${count} ${JSON.stringify(options)}`);
      }
      assert.equal(new Set(all.map(({ item }) => item)).size, all.length);
    }
  assert.deepEqual(texts.search("tea", { count: 2 ** 32 - 1, offset: 2 ** 32 - 1 }), []);
});

test("the least score is that of the list, names included", () => {
  for (const query of ["tea number 7", "number bik", "green leaf"]) {
    const all = text.search(query, { count: 100 });
    for (const { score: minScore } of all) {
      const expected = all.filter(({ score }) => score >= minScore);
      assert.deepEqual(text.search(query, { count: 100, minScore }), expected, `${query}`);
      const page = text.search(query, { count: 3, offset: 2, minScore });
      assert.deepEqual(page, expected.slice(2, 5));
    }
    assert.deepEqual(text.search(query, { minScore: 4 }), []);
  }
  const [named, ...others] = text.search("tea number 7", { minScore: 1 });
  assert.equal(named.item, "tea-7", "by the score with what its name adds");
  assert.ok(others.every(({ score }) => score >= 1));
});

test("the item of a name is first, then names with all words and their prefixes", () => {
  assert.equal(text.search("Tea number 7", { count: 1 })[0].item, "tea-7");
  const started = text.search("number bik", { count: 12 });
  assert.ok(started.every((hit) => kindOf(hit) === "bike"));
  assert.ok(started[0].score > 0.25);
  const rest = text.search("Tea number 7", { exclude: ["tea-7"], count: 3 });
  assert.ok(rest.every(({ item }) => item !== "tea-7") && rest.length === 3);
});

test("all words are found also behind a thousand names with the prefix", async () => {
  const many = Array.from({ length: 1200 }, (_, index) => [
    `item-${index}`,
    Float32Array.of(1, index / 1200, 0),
    { title: index === 1199 ? "rare shz" : `common sh${index}`, tags: ["wood"] },
  ]);
  const manyText = openText(withTower(await Catalogue.from(many, { dim: 3 }), learn(many).tower));
  const [first] = manyText.search("rare sh", { count: 1 });
  assert.equal(first.item, "item-1199");
});

test("of equal scores, the item earlier in the catalogue is first", async () => {
  const equal = ["tea", "mug", "tea", "mug"].map((title, index) => [
    `item-${9 - index}`,
    Float32Array.of(1, 0, 0),
    { title, tags: ["kitchen"] },
  ]);
  const equalText = openText(
    withTower(await Catalogue.from(equal, { dim: 3 }), learn(equal).tower),
  );
  const order = equalText.search("mug").map(({ item }) => item);
  assert.deepEqual(order, ["item-8", "item-6", "item-9", "item-7"]);
});

test("a filter and variants hold for hits by name", async () => {
  const rows = items.map(([item, vector, payload], index) => [
    item,
    vector,
    { ...payload, price: index, ...(item === "tea-1" && { variantOf: "tea-0" }) },
  ]);
  const priced = await Catalogue.from(rows, { dim: 3, attributes: ["price", "variantOf"] });
  const pricedText = openText(withTower(priced, learn(rows).tower));
  assert.equal(
    pricedText.search("tea number 5", { filter: { field: "price", from: 10 } }).length,
    14,
  );
  assert.ok(pricedText.search("tea number 1").every(({ item }) => item !== "tea-1"));
  assert.equal(pricedText.search("tea number 1", { variants: true })[0].item, "tea-1");
});

test("changes of the catalogue keep its texts, and new names are found", async () => {
  const changing = withTower(await Catalogue.from(items, { dim: 3 }), tower);
  const changingText = openText(changing);
  assert.equal(changingText.search("a kettle", { count: 1 })[0]?.score > 1, false);
  changing.add([["kettle", changingText.embed("brew tea"), { title: "Kettle" }]]);
  assert.equal(changingText.search("kettle", { count: 1 })[0].item, "kettle");
  changing.remove(["tea-3"]);
  changing.compact();
  const reopened = await Catalogue.fromBytes(changing.toBytes());
  assert.deepEqual(openText(reopened).embed("green leaf"), text.embed("green leaf"));
});

test("a text can be recorded as an action", async () => {
  const sage = await openSage({ catalogue });
  await sage.record({ item: "text:green leaf", vector: text.embed("green leaf"), at: 1 });
  for (const { item } of await sage.recommend({ count: 5 })) assert.match(item, /^tea/);
  await sage.close();
});

test("a catalogue without texts and damaged sections have clear errors", async () => {
  const plain = await Catalogue.from(items, { dim: 3 });
  assert.throws(() => openText(plain), /option|build it with pocketsage build --text/);
  const section = encodeTower(tower);
  assert.deepEqual(decodeTower(section, 3), { ...tower, space: undefined });
  const refused = (bytes, code, dim = 3) =>
    assert.throws(
      () => decodeTower(bytes, dim),
      (error) => isSageError(error) && error.code === code && error.message.length < 500,
    );
  refused(section, "corrupt", 4);
  refused(section.subarray(0, 40), "corrupt");
  refused(new Uint8Array(3), "corrupt");
  const newer = section.slice();
  newer[0] = 2;
  refused(newer, "version");
});

test("a tower of another vector space is refused, and both are named", async () => {
  const named = (space) => Catalogue.from(items, { dim: 3, space });
  const own = openText(withTower(await named("model-a/3/unit"), tower));
  assert.equal(own.space, "model-a/3/unit");
  assert.equal(text.space, undefined);
  const section = encodeTower({ ...tower, space: "model-a/3/unit" });
  assert.deepEqual(decodeTower(section, 3), { ...tower, space: "model-a/3/unit" });
  const other = withTower(await named("model-b/3/unit"), { ...tower, space: "model-a/3/unit" });
  const isMixed = (error) =>
    isSageError(error) &&
    error.code === "dimension" &&
    /"model-b\/3\/unit" and "model-a\/3\/unit".*pocketsage\/migrate/.test(error.message);
  assert.throws(() => openText(other), isMixed);
});

test("learning is deterministic; without vectors they come from the texts", () => {
  assert.deepEqual(encodeTower(learn(items).tower), encodeTower(tower));
  const bare = items.map(([item, , payload]) => [item, new Float32Array(), payload]);
  const learned = learn(bare, true);
  assert.equal(learned.embedded, bare.length);
  const cosine = (a, b) => {
    const dot = (x, y) => x.reduce((sum, value, k) => sum + value * y[k], 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const [tea, sameTags, bike] = [0, 4, 12].map((index) => learned.items[index][1]);
  assert.ok(cosine(tea, sameTags) > cosine(tea, bike) + 0.2);
  assert.ok(openEncoder(learned.tower).embed("saddle"));
});

// The bits of a vector: equal on every engine, which the encoder owes to exact integer sums.
test("the encoder gives the same bits as exact integer arithmetic", () => {
  const words = "green leaf number bike";
  const { hashes, weights } = featuresOf(words);
  const sums = Array.from({ length: tower.rank }, () => 0n);
  hashes.forEach((hash, index) => {
    const row = tower.hashes.indexOf(hash);
    if (row < 0) return;
    for (let axis = 0; axis < tower.rank; axis += 1)
      sums[axis] +=
        BigInt(weights[index] * tower.factors[row]) * BigInt(tower.codes[row * tower.rank + axis]);
  });
  const components = Array.from({ length: tower.dim }, (_, k) =>
    Number(
      sums.reduce((sum, value, axis) => sum + value * BigInt(tower.axes[axis * tower.dim + k]), 0n),
    ),
  );
  const norm = Math.sqrt(components.reduce((sum, value) => sum + value * value, 0));
  const expected = Float32Array.from(components, (value) => value / norm);
  assert.deepEqual(text.embed(words), expected);
});

// Target: the attributes section of a catalogue, and the payload fields it is made of.
import assert from "node:assert/strict";
import { isSageError } from "pocketsage";
import {
  decodeColumn,
  extractColumns,
  readAttributes,
  writeAttributes,
} from "../../../pkg/catalogue/attributes.js";
import { checkError } from "../check-error.mjs";
import { mutate, mutateValue, randomFrom, randomText } from "../random.mjs";

/** Names that payloads inherit must be read as missing. */
const NAMES = ["price", "tags", "é🍕", "__proto__", "constructor", "toString", "length", ""];
const NUMBERS = [0, 1, -1.5, 1e308, 5e-324, 2 ** 53, 0.1];

export function attributesTarget() {
  return { run };
}

function run(seed, isMutated) {
  const random = randomFrom(seed);
  return random.isOneIn(3) ? runPayloads(random, isMutated) : runSection(random, isMutated);
}

/** Columns of labels and of numbers; a number can be missing. */
function randomColumns(random, rows) {
  const { below, next, pick, list, isOneIn } = random;
  const labels = Array.from({ length: 4 }, () => randomText(random, 5));
  const number = () => (isOneIn(4) ? NaN : isOneIn(2) ? pick(NUMBERS) : (next() - 0.5) * 1e6);
  return new Map(
    NAMES.filter(() => isOneIn(4)).map((name) => {
      const numeric = isOneIn(2);
      const values = Array.from({ length: rows }, () =>
        numeric ? number() : list(2, () => labels[below(labels.length)]),
      );
      return [name, { numeric, values }];
    }),
  );
}

function runSection(random, isMutated) {
  const rows = random.below(6);
  const columns = randomColumns(random, rows);
  const section = writeAttributes(columns);
  if (!isMutated) {
    assert.equal(textOf(read(section, rows)), textOf(columns));
    return "equal";
  }
  const bytes = mutateWords(section, random);
  const readRows = random.isOneIn(8) ? random.below(9) : rows;
  try {
    const found = read(bytes, readRows);
    for (const { numeric, values } of found.values()) {
      assert.equal(values.length, readRows);
      for (const value of values)
        assert.ok(numeric ? typeof value === "number" : value.every(isWellFormedText));
    }
    assert.equal(textOf(read(writeAttributes(found), readRows)), textOf(found));
    return "read";
  } catch (error) {
    checkError(error, isCorrupt);
    return "refused";
  }
}

const isCorrupt = (error) => isSageError(error) && error.code === "corrupt";
/** The errors of getters in payloads are passed on. */
const isOption = (error) =>
  (isSageError(error) && error.code === "option") || error.message === "a getter";
const isWellFormedText = (value) => typeof value === "string" && !/\p{Surrogate}/u.test(value);

/** Reads a copy of the bytes, as the core returns one. */
function read(bytes, rows) {
  const columns = readAttributes(Uint8Array.from(bytes), rows);
  return new Map([...columns].map(([name, column]) => [name, decodeColumn(column)]));
}

/** Changes one u32, as most of a section is u32 values, or a few bytes. */
function mutateWords(section, random) {
  const { below, pick, isOneIn } = random;
  if (isOneIn(3) || section.length < 4) return mutate(section, random);
  const bytes = Uint8Array.from(section);
  const view = new DataView(bytes.buffer);
  const offset = 4 * below(bytes.length >> 2);
  const old = view.getUint32(offset, true);
  const others = [
    0,
    1,
    2,
    8,
    0xffff,
    2 ** 31,
    2 ** 32 - 1,
    old + 1,
    old - 1,
    old ^ (1 << below(32)),
  ];
  view.setUint32(offset, pick(others), true);
  return bytes;
}

/** Payloads with numbers, labels and missing values, one field of each kind. */
function runPayloads(random, isMutated) {
  const { list, isOneIn, next } = random;
  const [numberName, labelName] = [NAMES[random.below(4)], NAMES[4 + random.below(4)]];
  const payloads = list(5, () => {
    const payload = isOneIn(8) ? Object.create(null) : {};
    if (!isOneIn(4)) define(payload, numberName, isOneIn(8) ? null : next());
    if (!isOneIn(4))
      define(
        payload,
        labelName,
        list(2, () => isOneIn(4) || randomText(random, 4)),
      );
    return isOneIn(16) ? undefined : payload;
  });
  const fields = [[numberName], [labelName]];
  const mutated = isMutated ? mutateValue(payloads, random, false) : payloads;
  const given = Array.isArray(mutated) ? Array.from(mutated) : [mutated];
  try {
    const columns = extractColumns(given, fields);
    assert.deepEqual([...columns.keys()], [numberName, labelName]);
    for (const [name, { numeric, values }] of columns)
      values.forEach((value, row) => assert.ok(isColumnOf(given[row], name, numeric, value)));
    assert.equal(textOf(read(writeAttributes(columns), given.length)), textOf(columns));
    return isMutated ? "read" : "equal";
  } catch (error) {
    if (!isMutated) throw error;
    checkError(error, isOption);
    return "refused";
  }
}

function define(object, key, value) {
  Object.defineProperty(object, key, { value, enumerable: true });
}

/** Whether the column has the value of the payload's own field. */
function isColumnOf(payload, name, numeric, value) {
  const isOwn = typeof payload === "object" && payload !== null && Object.hasOwn(payload, name);
  const own = isOwn ? (payload[name] ?? undefined) : undefined;
  if (numeric) return Object.is(value, own ?? NaN);
  const labels = own === undefined ? [] : Array.isArray(own) ? [...own] : [own];
  return JSON.stringify(value) === JSON.stringify(labels.map(String));
}

/** Columns as text in which numbers are exact, and labels have their order. */
function textOf(columns) {
  return JSON.stringify([...columns], (_, value) =>
    typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : value,
  );
}

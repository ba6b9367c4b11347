// Seeded randomness, and mutations of bytes and of values.
import { seededRandom } from "../../scripts/lib/random.mjs";

/** Numbers from 0 to 1, the same for equal seeds. */
export function randomFrom(seed) {
  const next = seededRandom(seed);
  const below = (bound) => Math.floor(next() * bound);
  const pick = (list) => list[below(list.length)];
  /** A list of random length, of at most `maxLength` elements. */
  const list = (maxLength, make) =>
    Array.from({ length: below(maxLength + 1) }, (_, index) => make(index));
  return { next, below, pick, list, isOneIn: (count) => below(count) === 0 };
}

const CHARACTERS = [..."abcXYZ019 ,;\t\"'\\{}[]:\n.é🍕", "\u001b", "\u200b"];
/** Names of properties that every object inherits, and other texts that code confuses. */
const SPECIAL_TEXTS = ["__proto__", "constructor", "toString", "hasOwnProperty", "length", "0"];

/** Text of at most `maxLength` characters; it may be empty. */
export function randomText({ below, pick, isOneIn }, maxLength) {
  if (isOneIn(12)) return pick(SPECIAL_TEXTS);
  return Array.from({ length: below(maxLength + 1) }, () => pick(CHARACTERS)).join("");
}

/** Values at which readers go wrong. */
const FRAGMENTS = [
  ...["", "\0", "\n", "\r\n", '"', '""', ",", ";", "\t", "[", "]", "{", "}", "\\", "NaN", "0x10"],
  ...["1e999", "-", "1,5", "\u{feff}", "null", "9007199254740993", "sep=;\n", "__proto__"],
]
  .map((text) => Buffer.from(text))
  .concat(Buffer.from([0xed, 0xa0, 0xbc]), Buffer.from([0xff]));

/** The bytes after one to four random changes; rarely random bytes instead. */
export function mutate(bytes, { below, pick, isOneIn }) {
  if (isOneIn(50)) return Buffer.from(Array.from({ length: below(200) }, () => below(256)));
  let mutated = Buffer.from(bytes);
  const maxChanges = isOneIn(2) ? 1 : 4;
  for (let changes = 1 + below(maxChanges); changes > 0 && mutated.length > 0; changes -= 1) {
    const at = below(mutated.length);
    const length = below(Math.min(64, mutated.length - at) + 1);
    const [before, after] = [mutated.subarray(0, at), mutated.subarray(at)];
    switch (below(7)) {
      case 0:
        mutated[at] ^= 1 << below(8);
        break;
      case 1:
        mutated[at] = pick([0, 1, 0x7f, 0x80, 0xff, below(256)]);
        break;
      case 2:
        mutated = Buffer.concat([before, pick(FRAGMENTS), after]);
        break;
      case 3:
        mutated = Buffer.concat([before, after.subarray(length)]);
        break;
      case 4:
        mutated = Buffer.concat([before, after.subarray(0, length), after]);
        break;
      case 5:
        mutated = Buffer.from(before);
        break;
      default:
        mutated = Buffer.concat([before, pick(FRAGMENTS), after.subarray(length)]);
    }
  }
  return mutated;
}

const JSON_VALUES = [
  ...[null, true, false, 0, -0, 1, -1, 0.5, 1e-7, 1e308, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53)],
  ...["", " ", "0", "0x10", "1e3", "12 ", "-1", "NaN", "Infinity", "\ud800", "\0", "not found"],
  ...["__proto__", "constructor", "x".repeat(2000), [], {}, [[]], [null], [1, 2], { length: 3 }],
  JSON.parse('{"__proto__": {"polluted": true}}'),
];
/** Values that a driver can return, but JSON cannot represent. */
const DRIVER_VALUES = [
  ...[undefined, NaN, Infinity, -Infinity, 5n, Symbol("x"), () => 0, new Date(NaN), new Map()],
  ...[new Error("x".repeat(2000)), Object.create(null), new Uint8Array([49]), new Float32Array(2)],
  ...[new Proxy({}, { get: () => "trapped" }), Object.assign([], { 5: 1 })],
  Object.defineProperty(Object.create(null), "id", {
    get() {
      throw new Error("a getter");
    },
    enumerable: true,
  }),
];

/**
 * A copy of a tree of arrays and plain objects after one to three changes: a node is replaced,
 * removed, repeated, swapped with its sibling or gets another key. `isJson`: only JSON values.
 */
export function mutateValue(value, random, isJson = true) {
  const { below, pick, isOneIn } = random;
  const values = isJson ? JSON_VALUES : [...JSON_VALUES, ...DRIVER_VALUES];
  const root = { value: copyTree(value) };
  for (let changes = 1 + below(3); changes > 0; changes -= 1) {
    let [parent, key] = [root, "value"];
    // Each level is entered with a probability of 7/8, so that most changes are near the leaves.
    while (isTree(parent[key]) && !isOneIn(8)) {
      const keys = Object.keys(parent[key]);
      if (keys.length === 0) break;
      parent = parent[key];
      key = pick(keys);
    }
    const isList = Array.isArray(parent);
    switch (below(6)) {
      case 0:
        if (isList) parent.splice(Number(key), 1);
        else if (parent !== root) delete parent[key];
        break;
      case 1:
        if (isList) parent.splice(Number(key), 0, copyTree(parent[key]));
        else setOwn(parent, pick(["__proto__", "error", "status", "at", "time", "all"]), 1);
        break;
      case 2: {
        const other = pick(Object.keys(parent));
        const kept = parent[key];
        setOwn(parent, key, parent[other]);
        setOwn(parent, other, kept);
        break;
      }
      case 3:
        if (typeof parent[key] === "number")
          setOwn(parent, key, pick([-1, 1, 0.5]) * parent[key] + pick([0, 1, -1, 0.25]));
        else setOwn(parent, key, copyTree(pick(values)));
        break;
      default:
        setOwn(parent, key, copyTree(pick(values)));
    }
  }
  return root.value;
}

function isTree(value) {
  if (Array.isArray(value)) return true;
  return typeof value === "object" && Object.getPrototypeOf(value ?? 0) === Object.prototype;
}

function copyTree(value) {
  if (Array.isArray(value)) return value.map(copyTree);
  if (!isTree(value)) return value;
  const copy = {};
  for (const key of Object.keys(value)) setOwn(copy, key, copyTree(value[key]));
  return copy;
}

/** Sets an own property, also with the name "__proto__". */
function setOwn(object, key, value) {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

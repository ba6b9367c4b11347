// Values of wrong kinds, and calls with one argument or a part of it replaced by each of them.

/** The error that values of this file throw when they are read. */
export class TrapError extends Error {}

function throwTrap() {
  throw new TrapError("read");
}

const traps = Object.fromEntries(
  Reflect.ownKeys(Reflect)
    .filter((name) => typeof name === "string")
    .map((name) => [name, throwTrap]),
);
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const holes = [1, 2];
delete holes[0];

/** Wrong values by their names in failures. */
const WRONG_VALUES = {
  undefined: undefined,
  null: null,
  42: 42,
  "-1": -1,
  1.5: 1.5,
  NaN: NaN,
  1e308: 1e308,
  "2 ** 53": 2 ** 53,
  true: true,
  "42n": 42n,
  '""': "",
  '"x"': "x",
  '"__proto__"': "__proto__",
  '"\\ud83c"': "\ud83c",
  "a symbol": Symbol("wrong"),
  "[]": [],
  "[hole, 2]": holes,
  "[null]": [null],
  "[NaN]": [NaN],
  "{}": {},
  "{ length: 3 }": { length: 3 },
  "an object without prototype": Object.create(null),
  "an object with a constructor that is no function": { constructor: { name: Symbol("x") } },
  "a function": () => undefined,
  "a Date": new Date(0),
  "an invalid Date": new Date(NaN),
  "a Map": new Map([["a", 1]]),
  "a Set": new Set([1]),
  "a RegExp": /x/,
  "a promise": Promise.resolve(1),
  "an Error": new Error("wrong"),
  "a boxed string": Object("x"),
  "a Float32Array of NaN": Float32Array.of(NaN, NaN, NaN),
  "a BigInt64Array": BigInt64Array.of(1n, 2n, 3n),
  "an ArrayBuffer of 3 bytes": new ArrayBuffer(3),
  "a Proxy that throws": new Proxy({}, traps),
  "a function Proxy that throws": new Proxy(() => undefined, traps),
  "a revoked Proxy": revoked.proxy,
  "an iterable that throws": { [Symbol.iterator]: throwTrap },
};

/** A key that no options have: a typo. */
const TYPO = "cuont";

/** Whether a value is an array or an object literal; a sage is neither. */
function isPlain(value) {
  if (Array.isArray(value)) return true;
  if (typeof value !== "object" || value === null || Symbol.asyncDispose in value) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** The paths of all parts of arrays and objects: of arrays the first two elements. */
function pathsOf(value, depth = 6) {
  if (!isPlain(value) || depth === 0) return [[]];
  const keys = Array.isArray(value) ? [...value.keys()].slice(0, 2) : Object.keys(value);
  return [
    [],
    ...keys.flatMap((key) => pathsOf(value[key], depth - 1).map((path) => [key, ...path])),
  ];
}

/** A copy of arrays and objects with the part at `path` changed by `change(parent, key)`. */
function changeAt(value, [key, ...rest], change) {
  const copy = Array.isArray(value) ? [...value] : { ...value };
  if (rest.length === 0) change(copy, key);
  else copy[key] = changeAt(value[key], rest, change);
  return copy;
}

/** The value at a path. */
const valueAt = (value, path) => path.reduce((part, key) => part[key], value);

/**
 * All lists of arguments that differ from `args` in one part: of another kind, missing, or an
 * object with an unknown key. Each as `[description, arguments]`.
 */
export function* wrongCalls(args) {
  for (const path of pathsOf(args).slice(1)) {
    const where = path.join(".");
    for (const [name, value] of Object.entries(WRONG_VALUES))
      yield [`${where}: ${name}`, changeAt(args, path, (parent, key) => (parent[key] = value))];
    yield [`${where}: missing`, changeAt(args, path, (parent, key) => delete parent[key])];
    const part = valueAt(args, path);
    if (isPlain(part) && !Array.isArray(part)) {
      const withTypo = { ...part, [TYPO]: 1 };
      yield [
        `${where}: with ${TYPO}`,
        changeAt(args, path, (parent, key) => (parent[key] = withTypo)),
      ];
    }
  }
}

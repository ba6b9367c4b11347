// Which licences the dependencies may have, and whether an SPDX expression allows one of them.
const allowed = new Set([
  ...[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "BSL-1.0",
  ],
  ...["Unicode-3.0", "Unicode-DFS-2016", "CC0-1.0", "0BSD", "Unlicense", "BlueOak-1.0.0"],
]);

/** Weak copyleft, one crate at a time: MPL-2.0 binds its own files only, and wee_alloc is off by default. */
const exceptions = new Map([["wee_alloc", "MPL-2.0"]]);

/** May a dependency called `name`, under the SPDX `expression`, be used? `A OR B` needs one of the two, `A AND B` both. */
export function permitted(name, expression) {
  if (!expression) return false;
  const words = expression.replaceAll("/", " OR ").match(/\(|\)|[^\s()]+/g);
  return either();

  function either() {
    let result = both();
    while (words[0] === "OR") {
      words.shift();
      result = both() || result;
    }
    return result;
  }
  function both() {
    let result = one();
    while (words[0] === "AND") {
      words.shift();
      result = one() && result;
    }
    return result;
  }
  function one() {
    let id = words.shift();
    if (id === "(") {
      const result = either();
      words.shift();
      return result;
    }
    if (words[0] === "WITH") id = [id, ...words.splice(0, 2)].join(" ");
    return allowed.has(id) || exceptions.get(name) === id;
  }
}

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { isSageError, SageError } from "pocketsage";
import { asSageError, CORE_ERROR_CODES, ERROR_CODES, fromCoreError } from "../../pkg/errors.js";

const root = new URL("../../", import.meta.url);

test("the Rust and TypeScript lists of error codes are equal", async () => {
  const rust = await readFile(new URL("src/error.rs", root), "utf8");
  const [, list] = rust.match(/pub const ERROR_CODES[^=]*=\s*\[([^\]]*)\]/);
  assert.deepEqual(list.match(/[a-z-]+/g), [...CORE_ERROR_CODES]);
});

test("no error code is listed twice", () => {
  assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length);
});

test("isSageError accepts SageErrors of other realms and rejects other values", () => {
  const foreign = runInNewContext(
    `Object.assign(new Error("foreign"), { name: "SageError", code: "storage" })`,
  );
  assert.ok(!(foreign instanceof Error), "the test needs another realm");
  assert.ok(isSageError(foreign));
  assert.ok(isSageError(new SageError("option", "here")));
  const others = [
    undefined,
    null,
    "SageError",
    { name: "SageError", code: "storage" },
    new Error("plain"),
    Object.assign(new Error("x"), { code: "storage" }),
  ];
  for (const other of others) assert.ok(!isSageError(other), String(other));
  assert.ok(
    !isSageError(Object.assign(new Error("x"), { name: "SageError", code: "EACCES" })),
    "an unknown code",
  );
});

test("a core error becomes a SageError with its code and message, and is its cause", () => {
  const thrown = Object.assign(new Error("row 3 has 2 numbers"), { code: "dimension" });
  const error = fromCoreError(thrown);
  assert.equal(error.name, "SageError");
  assert.equal(error.code, "dimension");
  assert.equal(error.message, "row 3 has 2 numbers");
  assert.equal(error.cause, thrown);
});

test("an error without a code of the core, as a trap, is not an error of the core", () => {
  for (const other of [new WebAssembly.RuntimeError("unreachable"), "text", { code: "EACCES" }])
    assert.equal(fromCoreError(other), undefined);
});

test("asSageError returns a SageError unchanged and wraps other errors", () => {
  const known = new SageError("corrupt", "damaged");
  assert.equal(asSageError(known, "storage", "while loading"), known);
  const wrapped = asSageError(new TypeError("no"), "storage", "while loading");
  assert.equal(wrapped.code, "storage");
  assert.equal(wrapped.message, "while loading: TypeError: no");
});

test("no module awaits at its top level", async () => {
  const files = (await readdir(new URL("pkg/", root), { recursive: true })).filter(
    (file) => file.endsWith(".js") && !file.startsWith("cli"),
  );
  for (const file of files) {
    const source = await readFile(new URL(`pkg/${file}`, root), "utf8");
    assert.doesNotMatch(source, /^(await |(const|let) [^=]+= await )/m, file);
  }
});

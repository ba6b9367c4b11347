// Shared by the tests: the items, and the assertion of an expected error.
import assert from "node:assert/strict";
import { isSageError } from "pocketsage";

export * from "./items.mjs";

// Parts of the package that the tests import would belong to another instance than its bundle.
if (!import.meta.resolve("pocketsage").endsWith("/pkg/entry/node.js"))
  throw new Error("Run these tests by `npm run test:js`, or by `node -C module --test`.");

/**
 * Asserts that a promise or function fails with a SageError of this code whose message matches.
 * Returns the error.
 */
export async function rejects(promiseOrFunction, code, message) {
  let error;
  try {
    await (typeof promiseOrFunction === "function" ? promiseOrFunction() : promiseOrFunction);
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error, `expected an error of code "${code}", saw none`);
  assert.ok(isSageError(error), `expected a SageError, saw ${error?.stack}`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return error;
}

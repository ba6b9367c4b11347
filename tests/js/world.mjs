// What the tests share: the items, and how to say that something must fail.
import assert from "node:assert/strict";
import { isSageError } from "pocketsage";

export * from "./items.mjs";

/** Asserts that it fails with a SageError of this code and a message that matches. */
export async function rejects(promiseOrFunction, code, message) {
  let error;
  try {
    await (typeof promiseOrFunction === "function" ? promiseOrFunction() : promiseOrFunction);
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error, `expected an error of code "${code}", and there was none`);
  assert.ok(isSageError(error), `expected a SageError, saw ${error?.stack}`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return error;
}

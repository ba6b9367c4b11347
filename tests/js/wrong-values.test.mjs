// Every function and method of the package with wrong values in each place: it works, or fails with
// a SageError whose message has what was expected. What code of the caller throws passes unchanged.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSageError } from "pocketsage";
import { calls } from "./public-calls.mjs";
import { TrapError, wrongCalls } from "./wrong-values.mjs";

const MAX_MESSAGE_LENGTH = 500;
/** Longest time of a call, in milliseconds. */
const TIMEOUT_MS = 5000;

/** Whether an error is that of a Proxy of the caller. */
const isOfCaller = (error) =>
  error instanceof TrapError || /proxy that has been revoked/.test(error?.message);

/** Asserts that an error is a SageError with a message that people can use. */
function assertKind(error, description) {
  assert.ok(isSageError(error), `${description}: ${error?.stack}`);
  const { code, message } = error;
  assert.ok(message.length <= MAX_MESSAGE_LENGTH, `${description}: ${message}`);
  assert.doesNotMatch(message, /\[object|Cannot (read|convert)|is not (a function|iterable)/);
  if (code === "option") assert.match(message, OPTION_MESSAGE, description);
}

/** What was expected, or what to do. */
const OPTION_MESSAGE = new RegExp(
  [
    ...["expected", "unknown option", "Known:", "compare it with", "pass a", "pass the port"],
    ...["set memory", "too few", "nothing was migrated"],
  ].join("|"),
);

async function callWithin(call, args) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, TIMEOUT_MS, new Error(`no result within ${TIMEOUT_MS} ms`));
  });
  try {
    await Promise.race([(async () => call(...args))(), late]);
  } finally {
    clearTimeout(timer);
  }
}

describe("wrong values", () => {
  for (const [name, { call, args }] of Object.entries(calls))
    test(name, async () => {
      for (const [description, given] of wrongCalls(args))
        await callWithin(call, given).catch((error) => {
          if (!isOfCaller(error)) assertKind(error, `${name}: ${description}`);
        });
    });
});

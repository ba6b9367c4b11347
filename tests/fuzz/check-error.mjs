// The check of the errors that fuzz targets expect.
import assert from "node:assert/strict";

const MAX_MESSAGE_LENGTH = 500;

/** Checks an error: of the expected type, with a message that is short and of whole characters. */
export function checkError(error, isExpected, message = error?.message) {
  if (!isExpected(error)) throw error;
  assert.ok(message.length <= MAX_MESSAGE_LENGTH, `a message of ${message.length} characters`);
}

/**
 * Text of files and arguments, made safe for terminals: a control character could move the cursor,
 * rename the window or hide a line; a bidirectional override could reverse the order of a line.
 */

/** C0, DEL, C1, line and paragraph separators, and bidirectional controls. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const UNSAFE_IN_JSON = new RegExp(`(?!\\n)${UNSAFE.source}`, "gu");

/** The longest message in characters. */
const MAX_MESSAGE_LENGTH = 500;
/** Characters kept of the end of a longer message, which has the remedy. */
const MESSAGE_END_LENGTH = 200;

/** One line of text: each unsafe character, line breaks included, becomes `\u001b` or the like. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, toEscape);
}

/** JSON text of the same value without unsafe characters; line breaks between values stay. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE_IN_JSON, toEscape);
}

/** A message as one safe line of at most 500 characters; a longer one is cut in the middle. */
export function escapeMessage(message: string): string {
  const line = escapeText(message);
  if (line.length <= MAX_MESSAGE_LENGTH) return line;
  const beginning = line.slice(0, MAX_MESSAGE_LENGTH - MESSAGE_END_LENGTH - 1);
  return `${beginning}…${line.slice(-MESSAGE_END_LENGTH)}`;
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

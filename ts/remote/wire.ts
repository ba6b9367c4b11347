/**
 * The compact binary encoding of queries for the application's own endpoint: CBOR. src/wire.rs
 * documents the format, and reads and writes the same bytes.
 */

import { SageError } from "../errors.js";
import type { BytesLike } from "../item.js";
import {
  checkBytes,
  checkChoice,
  checkDim,
  checkInteger,
  checkKeys,
  checkVector,
  inspect,
} from "../values/check.js";
import { LIMITS, MESSAGE_LIMITS } from "../values/limits.js";
import { commonSpace } from "../values/space.js";
import type { RemoteQuery } from "./answer.js";
import {
  ARRAY,
  BYTES,
  CborReader,
  corrupt,
  MAP,
  TAG,
  TEXT,
  UINT,
  writeHead,
  writeString,
} from "./cbor.js";
import { checkQueries } from "./engine.js";
import {
  COMPONENT_FORMATS,
  decodeComponents,
  encodeComponents,
  toUnitLength,
  type WirePrecision,
} from "./wire-numbers.js";

export type { WirePrecision } from "./wire-numbers.js";

/** What a message has of each medoid. */
export const SEND_CHOICES = ["ids", "vectors", "both"];

/** The version of messages that are written and read. */
const VERSION = 1;
/** Keys of the fields of a message, in their order. */
const FIELDS = { version: 0, count: 1, ids: 2, vectors: 3, space: 4 } as const;
/** CBOR tag of a row-major matrix (RFC 8746). */
const TAG_MATRIX = 40;

/**
 * Encode queries as CBOR, for an own endpoint that reads them with {@link decodeMedoids}.
 *
 * Ids are included if every query has one and `send` is not "vectors"; vectors, normalised to unit
 * length unless zero, if every query has one and `send` is not "ids". The message has one `count`,
 * the largest, and the name of their vector space, if one is given. Defaults: `precision` "f16",
 * `send` "both". O(n dim).
 *
 * @throws SageError "option" for no queries, more than 64, a count above 10,000, more than 32,768
 * dimensions, an id above 512 bytes, or nothing to send; "dimension" or "not-finite" for vectors of
 * different lengths or spaces, or with components that are not finite.
 */
export function encodeMedoids(
  given: readonly RemoteQuery[],
  options: { precision?: WirePrecision; send?: "ids" | "vectors" | "both" } = {},
): Uint8Array<ArrayBuffer> {
  checkKeys("encodeMedoids", options, ["precision", "send"]);
  const queries = checkQueries("encodeMedoids", given, undefined);
  const space = commonSpace(queries);
  const { precision = "f16", send = "both" } = options;
  const format = COMPONENT_FORMATS[checkPrecision("encodeMedoids", precision)];
  checkChoice("encodeMedoids: send", send, SEND_CHOICES);
  const ids =
    send === "vectors" || !queries.every(({ item }) => item !== undefined)
      ? []
      : queries.map(({ item }) => item!);
  const vectors =
    send === "ids" || !queries.every(({ vector }) => vector)
      ? []
      : queries.map(({ vector }) => vector!);
  if (ids.length + vectors.length === 0) {
    throw new SageError(
      "option",
      `encodeMedoids: expected queries that all have what to send (${inspect(send)}).`,
    );
  }
  const encoder = new TextEncoder();
  const encodedIds = ids.map((item) => checkText("item", encoder.encode(item)));
  const count = Math.max(...queries.map((query) => query.count));
  checkLimits(queries.length, count);
  const dim = vectors[0]?.length ?? 1;

  const out: number[] = [];
  const optionalFields = [ids.length > 0, vectors.length > 0, space !== undefined];
  writeHead(out, MAP, 2 + optionalFields.filter(Boolean).length);
  writeHead(out, UINT, FIELDS.version);
  writeHead(out, UINT, VERSION);
  writeHead(out, UINT, FIELDS.count);
  writeHead(out, UINT, count);
  if (ids.length > 0) {
    writeHead(out, UINT, FIELDS.ids);
    writeHead(out, ARRAY, ids.length);
    for (const id of encodedIds) writeString(out, TEXT, id);
  }
  if (vectors.length > 0) {
    writeHead(out, UINT, FIELDS.vectors);
    // A matrix is the pair of its two lengths and its components.
    writeHead(out, TAG, TAG_MATRIX);
    writeHead(out, ARRAY, 2);
    writeHead(out, ARRAY, 2);
    writeHead(out, UINT, vectors.length);
    writeHead(out, UINT, dim);
    writeHead(out, TAG, format.tag);
    writeString(out, BYTES, encodeComponents(vectors, dim, format));
  }
  if (space !== undefined) {
    writeHead(out, UINT, FIELDS.space);
    writeString(out, TEXT, checkText("space", encoder.encode(space)));
  }
  return Uint8Array.from(out);
}

/**
 * Decode queries encoded by {@link encodeMedoids}. Vectors have unit length or are zero. O(n dim).
 *
 * @throws SageError "corrupt" for bytes of another shape, "version" for a newer format, "option" if
 * a limit of {@link encodeMedoids} is exceeded.
 */
export function decodeMedoids(message: BytesLike): RemoteQuery[] {
  const bytes = checkBytes("decodeMedoids", message);
  const { count, ids, vectors, space } = decodeMessage(bytes);
  const rows = Math.max(ids.length, vectors.length);
  checkLimits(rows, count);
  if (ids.length > 0 && vectors.length > 0 && ids.length !== vectors.length)
    throw new SageError(
      "dimension",
      `decodeMedoids: expected as many ids as vectors (${vectors.length}), saw ${ids.length}.`,
    );
  const encoder = new TextEncoder();
  for (const id of ids) checkText("item", encoder.encode(id));
  if (space !== undefined) checkText("space", encoder.encode(space));
  return Array.from({ length: rows }, (_, row) => ({
    ...(ids.length > 0 ? { item: ids[row]! } : {}),
    ...(vectors.length > 0 ? { vector: toUnitLength(vectors[row]!) } : {}),
    count,
    ...(space !== undefined && { space }),
  }));
}

/** Returns the option `precision`, or throws code "option". */
export function checkPrecision(where: string, precision: WirePrecision): WirePrecision {
  checkChoice(`${where}: precision`, precision, Object.keys(COMPONENT_FORMATS));
  return precision;
}

/** The fields of a message, as they are stored. */
interface Message {
  count: number;
  ids: string[];
  vectors: Float32Array[];
  space: string | undefined;
}

function decodeMessage(bytes: Uint8Array): Message {
  const reader = new CborReader(bytes);
  const message: Message = { count: 0, ids: [], vectors: [], space: undefined };
  let previousKey = -1;
  for (let left = reader.head(MAP); left > 0; left -= 1) {
    const key = reader.head(UINT);
    const isInOrder = previousKey < 0 ? key === FIELDS.version : key > previousKey;
    if (!isInOrder) throw corrupt("their fields are not in order");
    previousKey = key;
    if (key === FIELDS.version) checkVersion(reader.head(UINT));
    else if (key === FIELDS.count) message.count = reader.head(UINT);
    else if (key === FIELDS.ids) message.ids = readIds(reader);
    else if (key === FIELDS.vectors) message.vectors = readMatrix(reader);
    else if (key === FIELDS.space) message.space = reader.text();
    else throw corrupt("they have an unknown field");
  }
  if (!reader.isAtEnd) throw corrupt("there are bytes after their end");
  return message;
}

function checkVersion(version: number): void {
  if (version === VERSION) return;
  throw new SageError(
    "version",
    `decodeMedoids: expected format version ${VERSION}, saw ${version}: update pocketsage.`,
  );
}

function readIds(reader: CborReader): string[] {
  const count = readAtMost(reader, ARRAY, MESSAGE_LIMITS.maxMedoids);
  return Array.from({ length: count }, () => reader.text());
}

/** Reads the rows of the matrix of vectors; all components are finite. */
function readMatrix(reader: CborReader): Float32Array[] {
  if (reader.head(TAG) !== TAG_MATRIX) throw corrupt("their vectors are not a matrix");
  if (reader.head(ARRAY) !== 2 || reader.head(ARRAY) !== 2) throw unequalLengths();
  const rows = readAtMost(reader, UINT, MESSAGE_LIMITS.maxMedoids);
  const dim = checkDim("decodeMedoids: dim", readAtMost(reader, UINT, LIMITS.maxDim));
  const tag = reader.head(TAG);
  const format = Object.values(COMPONENT_FORMATS).find((each) => each.tag === tag);
  if (!format) throw corrupt("their numbers are not f16, i8 or f32");
  const bytes = reader.bytes();
  if (bytes.length !== rows * dim * format.width) throw unequalLengths();
  const components = decodeComponents(bytes, format);
  return Array.from({ length: rows }, (_, row) =>
    checkVector(
      `decodeMedoids: vector ${row}`,
      components.subarray(row * dim, (row + 1) * dim),
      dim,
    ),
  );
}

function readAtMost(reader: CborReader, major: number, max: number): number {
  const argument = reader.head(major);
  if (argument > max) throw corrupt(`a number is too large: expected at most ${max}`);
  return argument;
}

function unequalLengths(): SageError {
  return corrupt("their lengths do not match");
}

/** Throws code "option" unless a message may have so many medoids and hits for each. */
function checkLimits(medoids: number, count: number): void {
  checkInteger("compact medoids: number of queries", medoids, 1, MESSAGE_LIMITS.maxMedoids);
  checkInteger("compact medoids: count", count, 1, MESSAGE_LIMITS.maxHits);
}

/** Returns the UTF-8 of an id or a space, or throws code "option" for one that is too long. */
function checkText(name: string, text: Uint8Array): Uint8Array {
  const { maxIdBytes } = MESSAGE_LIMITS;
  if (text.length > 0 && text.length <= maxIdBytes) return text;
  throw new SageError(
    "option",
    `compact medoids: ${name}: expected 1 to ${maxIdBytes} bytes of UTF-8, saw ${text.length}.`,
  );
}

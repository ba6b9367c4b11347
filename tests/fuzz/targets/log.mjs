// Target: the binary log. Valid logs keep their content, bytes and order; mutated ones are mutated
// in their header, with lengths and checksum repaired, so that validation behind the checksum runs.
import assert from "node:assert/strict";
import { init, isSageError } from "pocketsage";
import { withCore } from "../../../pkg/core/glue.js";
import { Log } from "../../../pkg/sage/log.js";
import { combineLogs, decodeLog, encodeLog } from "../../../pkg/sage/log-format.js";
import { checkError } from "../check-error.mjs";
import { mutate, mutateValue, randomFrom, randomText } from "../random.mjs";

const CODES = ["corrupt", "version", "dimension"];
const TIMES = [0, 1, -1, 1.5, 8.64e15, 1e308, Date.parse("2025-10-04")];
const MAX_FACTOR = 1e6;
const PREFIX_BYTES = 20;
const HEADER_LENGTH_OFFSET = 12;
const LENGTH_OFFSET = 16;

export async function logTarget() {
  await init();
  return { run };
}

function run(seed, isMutated) {
  const random = randomFrom(seed);
  const dim = 1 + random.below(3);
  const isVersion1 = random.isOneIn(8);
  const logs = Array.from({ length: isVersion1 ? 1 : 1 + random.below(2) }, () =>
    randomLog(random, dim),
  );
  if (isMutated) return runMutated(random, logs, dim, isVersion1);
  if (isVersion1) return runVersion1(logs[0], dim);
  const bytes = Buffer.concat(logs.map((log) => encodeLog(log, dim)));
  const decoded = decodeLog(bytes, dim);
  assert.equal(textOf(decoded), textOf(combineLogs(logs)));
  const [one] = logs;
  assert.ok(
    Buffer.from(encodeLog(decodeLog(encodeLog(one, dim), dim), dim)).equals(encodeLog(one, dim)),
  );
  return "equal";
}

function runMutated(random, logs, dim, isVersion1) {
  const valid = Buffer.from(isVersion1 ? encodeVersion1(logs[0], dim) : encodeLog(logs[0], dim));
  const bytes = random.isOneIn(4) ? mutate(valid, random) : mutateHeader(valid, random, isVersion1);
  const isRepaired = !random.isOneIn(4);
  if (isRepaired) repair(bytes);
  let log;
  try {
    log = decodeLog(bytes, dim);
  } catch (error) {
    checkError(error, (one) => isSageError(one) && CODES.includes(one.code));
    return "refused";
  }
  checkLog(log, dim);
  // What was decoded is encoded with the same meaning.
  assert.equal(textOf(decodeLog(encodeLog(log, dim), dim)), textOf(log));
  checkMerge(log, dim);
  return "read";
}

/** Merging a log again changes nothing; the result is a log that is encoded without loss. */
function checkMerge(data, dim) {
  const log = new Log();
  log.merge(data);
  const merged = encodeLog(log.data(), dim);
  log.merge(data);
  assert.ok(Buffer.from(encodeLog(log.data(), dim)).equals(merged), "a second merge changed it");
  // A log whose actions with vectors are all removed has no space once it is stored.
  const hasVectors = log.entries.some(({ vector }) => vector);
  const stored = { ...log.data(), space: hasVectors ? log.space : undefined };
  assert.equal(textOf(decodeLog(merged, dim)), textOf(stored));
  log.retain({ count: 2, since: -1, now: TIMES.at(-1) });
  assert.ok(log.entries.length <= 2);
  assert.ok(Number.isSafeInteger(log.counter));
}

/** Checks each value, by the documented ranges. */
function checkLog({ space, entries, marks, tombstones }, dim) {
  assert.ok(space === undefined || typeof space === "string");
  const checkStamp = ({ counter, device }) => {
    assert.ok(Number.isSafeInteger(counter) && counter >= 0);
    assert.match(device, /^[0-9a-f]{16}$/);
  };
  for (const operation of [...entries, ...marks, ...tombstones]) {
    checkStamp(operation);
    for (const stamp of operation.after ?? []) checkStamp(stamp);
  }
  for (const { item } of [...entries, ...marks]) assert.ok(typeof item === "string" && item !== "");
  for (const { at, weight, kind, vector } of entries) {
    assert.ok(Number.isFinite(at));
    assert.ok(weight === undefined || (Number.isFinite(weight) && weight !== 0));
    assert.ok(kind === undefined || typeof kind === "string");
    assert.ok(vector === undefined || (vector.length === dim && vector.every(Number.isFinite)));
  }
  for (const { factor } of marks)
    assert.ok(
      factor === undefined || (Number.isFinite(factor) && factor >= 0 && factor <= MAX_FACTOR),
    );
  for (const { time, from, to, salt, hash, unhide, undislike, all } of tombstones) {
    assert.ok(Number.isFinite(time));
    for (const flag of [unhide, undislike, all]) assert.ok(flag === undefined || flag === true);
    const isRange = [from, to].every((limit) => limit === null || Number.isFinite(limit));
    const isItem = /^[0-9a-f]{32}$/.test(salt) && /^[0-9a-f]{16}$/.test(hash);
    assert.ok(all !== undefined || isRange || isItem);
  }
}

function randomLog(random, dim) {
  const { below, next, pick, list, isOneIn } = random;
  const hex = (digits) => Array.from({ length: digits }, () => pick("0123456789abcdef")).join("");
  const devices = Array.from({ length: 2 }, () => hex(16));
  let counter = isOneIn(8) ? 2 ** 48 : 0;
  const stamp = () => ({ counter: (counter += 1 + below(3)), device: pick(devices) });
  const stampsBefore = () => list(1, () => ({ counter: below(5), device: pick(devices) }));
  const removable = () => {
    const after = stampsBefore();
    const item = `${below(9)}${randomText(random, 4)}`;
    return { ...stamp(), item, ...(after.length > 0 && { after }) };
  };
  const time = () => (isOneIn(2) ? pick(TIMES) : Math.floor(next() * 2e12));
  const entries = list(3, () => ({
    ...removable(),
    at: time(),
    ...(isOneIn(3) && { weight: pick([1, -1, 0.5, 1e-6, 1e6, 1e-300]) }),
    ...(isOneIn(3) && { kind: randomText(random, 4) }),
    ...(isOneIn(2) && { vector: Float32Array.from({ length: dim }, () => next() - 0.5) }),
  }));
  return {
    // The name of a space is that of vectors: a log without any has none.
    space: isOneIn(4) && entries.some(({ vector }) => vector) ? "space" : undefined,
    entries,
    marks: list(2, () => ({ ...removable(), ...(isOneIn(2) && { factor: pick([0, 0.5, 1e6]) }) })),
    tombstones: list(2, () => ({
      ...stamp(),
      time: time(),
      ...pick([
        { salt: hex(32), hash: hex(16) },
        { salt: hex(32), hash: hex(16), unhide: true },
        { salt: hex(32), hash: hex(16), undislike: true },
        { from: isOneIn(2) ? null : time(), to: isOneIn(2) ? null : time() },
        { all: true, after: stampsBefore() },
      ]),
    })),
  };
}

/** The bytes after changes in the JSON header, or in its length or those of the log. */
function mutateHeader(bytes, random, isVersion1) {
  const { below, pick, isOneIn } = random;
  const start = isVersion1 ? LENGTH_OFFSET : PREFIX_BYTES;
  const end = start + bytes.readUInt32LE(HEADER_LENGTH_OFFSET);
  if (isOneIn(10)) {
    const changed = Buffer.from(bytes);
    changed.writeUInt32LE(pick([0, 3, 4, 2 ** 31, 2 ** 32 - 1, below(300)]), pick([8, 12, 16]));
    return changed;
  }
  const header = mutateValue(JSON.parse(bytes.subarray(start, end)), random);
  let text = Buffer.from(JSON.stringify(header) ?? "");
  if (isOneIn(8)) text = mutate(text, random);
  const padded = Buffer.alloc(Math.ceil(text.length / 4) * 4, " ");
  text.copy(padded);
  const changed = Buffer.concat([bytes.subarray(0, start), padded, bytes.subarray(end)]);
  changed.writeUInt32LE(padded.length, HEADER_LENGTH_OFFSET);
  if (!isVersion1) changed.writeUInt32LE(changed.length, LENGTH_OFFSET);
  return changed;
}

function repair(bytes) {
  if (bytes.length < 4) return;
  const checksum = withCore((core) => core.checksum(bytes.subarray(0, -4)));
  bytes.writeUInt32LE(checksum, bytes.length - 4);
}

/** A log of version 1 decodes to the same actions and hidden items. */
function runVersion1(log, dim) {
  const decoded = decodeLog(encodeVersion1(log, dim), dim);
  assert.deepEqual(decoded.entries.map(contentOf), log.entries.map(contentOf));
  assert.deepEqual(
    decoded.marks.map(({ item }) => item),
    log.marks.map(({ item }) => item),
  );
  checkLog(decoded, dim);
  return "equal";
}

function contentOf({ item, at, weight, kind, vector }) {
  return { item, at, weight, kind, vector: vector && [...vector] };
}

function encodeVersion1({ entries, marks }, dim) {
  const items = entries.map(({ item }) => item);
  const kinds = entries.map(({ kind }) => kind ?? "");
  const header = {
    dim,
    items,
    kinds,
    hidden: marks.map(({ item }) => item),
    actions: {
      item: entries.map((_, row) => row),
      at: entries.map(({ at }) => at),
      weight: entries.map(({ weight = null }) => weight),
      kind: entries.map(({ kind }, row) => (kind === undefined ? null : row)),
      vector: entries.map(({ vector }) => vector !== undefined),
    },
  };
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / 4) * 4, " ");
  text.copy(padded);
  const prefix = Buffer.alloc(LENGTH_OFFSET);
  prefix.write("sage.log");
  prefix.writeUInt32LE(1, 8);
  prefix.writeUInt32LE(padded.length, HEADER_LENGTH_OFFSET);
  const vectors = entries.flatMap(({ vector }) => (vector ? Buffer.from(vector.buffer) : []));
  const bytes = Buffer.concat([prefix, padded, ...vectors, Buffer.alloc(4)]);
  repair(bytes);
  return bytes;
}

/** The content as text: the documented fields, of operations in ascending order. */
function textOf({ space, entries, marks, tombstones }) {
  const stamps = (list) => list?.map(({ counter, device }) => [counter, device]);
  const sorted = (list, fieldsOf) =>
    list
      .map((one) => JSON.stringify([one.counter, one.device, stamps(one.after), ...fieldsOf(one)]))
      .sort();
  return JSON.stringify([
    space,
    sorted(entries, ({ item, at, weight, kind, vector }) => [
      ...[item, at, weight, kind, vector && [...vector]],
    ]),
    sorted(marks, ({ item, factor }) => [item, factor]),
    sorted(tombstones, ({ time, salt, hash, unhide, undislike, from, to, all }) => [
      ...[time, salt, hash, unhide, undislike, from, to, all],
    ]),
  ]);
}

// Merging logs of three devices: equal bytes for every order, duplication and loss of messages, and
// what was forgotten does not return.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { init } from "pocketsage";
import { dataOf, Log, saltedHash } from "../../pkg/sage/log.js";
import { decodeLog, encodeLog } from "../../pkg/sage/log-format.js";

const DIM = 2;
const DEVICES = ["a", "b", "c"].map((digit) => digit.repeat(16));
const ITEMS = ["tea", "mug", "cup"];
await init();

const bytesOf = (log) => encodeLog(log.data(), DIM);
const device = fc.nat(2);
const item = fc.constantFrom(...ITEMS);
const time = fc.integer({ min: 1, max: 9 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("record"), device, item, at: time }) },
  fc.record({
    kind: fc.constantFrom("hide", "unhide", "dislike", "undislike", "mute", "boost", "forget"),
    device,
    item,
  }),
  fc.record({ kind: fc.constant("forget range"), device, from: time, to: time }),
  fc.record({ kind: fc.constant("forget everything"), device }),
  // A message is the whole log of a device. It arrives now, later, twice, or never.
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("send"), device }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("receive"), device, message: fc.nat(20) }),
  },
);

/** The operation of a step, without its id. */
function operationOf({ kind, device: at, item: name, ...rest }) {
  const stamp = { counter: 0, device: "" };
  if (kind === "record") return { ...stamp, item: name, at: rest.at };
  if (kind === "hide") return { ...stamp, item: name };
  if (kind === "dislike") return { ...stamp, item: name, at: 5, weight: -1 };
  if (kind === "mute" || kind === "boost")
    return { ...stamp, item: name, factor: kind === "mute" ? 0 : 2 };
  const tombstone = { ...stamp, time: 1 };
  if (kind === "forget everything") return { ...tombstone, all: true };
  if (kind === "forget range") return { ...tombstone, from: rest.from, to: rest.to };
  const salt = DEVICES[at].repeat(2);
  const hash = saltedHash(salt, name);
  return {
    ...tombstone,
    salt,
    hash,
    ...(kind === "unhide" && { unhide: true }),
    ...(kind === "undislike" && { undislike: true }),
  };
}

test("10,000 schedules over three devices end with equal bytes; the forgotten stays away", () =>
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
      (steps, order) => {
        const logs = DEVICES.map(() => new Log());
        const messages = [];
        /** All operations, each with the tombstones that its device knew. */
        const recorded = [];
        for (const one of steps) {
          const log = logs[one.device];
          if (one.kind === "send") messages.push(bytesOf(log));
          else if (one.kind === "receive") {
            const message = messages[one.message % messages.length];
            if (message) log.merge(decodeLog(message, DIM));
          } else {
            const operation = operationOf(one);
            log.issue(operation, DEVICES[one.device]);
            recorded.push({ ...one, operation, seen: new Set(log.data().tombstones.map(idOf)) });
          }
        }
        // Every device receives the last message of each other, in its own order, some twice.
        const last = logs.map(bytesOf);
        logs.forEach((log, receiver) => {
          for (const number of order.slice(receiver * 4, receiver * 4 + 4))
            log.merge(decodeLog(last[number % 3], DIM));
          for (const message of last) log.merge(decodeLog(message, DIM));
        });
        const [first, ...others] = logs.map(bytesOf);
        for (const bytes of others) assert.deepEqual(bytes, first);
        // The model: an action survives if all deletions that match it were known before it.
        const deletions = recorded.filter(
          ({ kind }) => kind.startsWith("forget") || kind === "undislike",
        );
        const expected = recorded.filter(
          ({ kind, item: name, operation: { at }, seen }) =>
            (kind === "record" || kind === "dislike") &&
            deletions.every((deletion) => {
              const matches =
                deletion.kind === "forget everything" ||
                (deletion.kind === "forget" && deletion.item === name) ||
                (deletion.kind === kind.replace("dislike", "undislike") &&
                  deletion.item === name) ||
                (deletion.kind === "forget range" && at >= deletion.from && at <= deletion.to);
              return !matches || isKnown(deletion, seen, recorded);
            }),
        );
        assert.deepEqual(
          logs[0].entries.map(idOf).sort(),
          expected.map(({ operation }) => idOf(operation)).sort(),
        );
      },
    ),
    { numRuns: 10_000, seed: 2026 },
  ));

const idOf = ({ counter, device: of }) => `${counter} ${of}`;

/** Whether the deletion was known, itself or through a deletion of everything that replaced it. */
function isKnown(deletion, seen, recorded) {
  const id = idOf(deletion.operation);
  return (
    seen.has(id) ||
    recorded.some(
      (other) =>
        other.kind === "forget everything" &&
        seen.has(idOf(other.operation)) &&
        other !== deletion &&
        (other.operation.after ?? []).some(
          ({ counter, device: of }) =>
            of === deletion.operation.device && counter >= deletion.operation.counter,
        ),
    )
  );
}

test("merging is commutative, associative and idempotent", () => {
  const log = fc.tuple(device, fc.array(step, { maxLength: 8 })).map(([number, steps]) => {
    const built = new Log();
    for (const one of steps)
      if (one.kind !== "send" && one.kind !== "receive")
        built.issue(operationOf({ ...one, device: number }), DEVICES[number]);
    return built.data();
  });
  const merged = (...parts) => {
    const result = new Log();
    for (const part of parts) result.merge(part);
    return result.data();
  };
  const equal = (a, b) => assert.deepEqual(encodeLog(a, DIM), encodeLog(b, DIM));
  fc.assert(
    fc.property(
      log,
      log.map(({ entries, marks, tombstones }) => {
        // Another device with ids of its own.
        const rename = (one) => ({ ...one, device: "d".repeat(16), after: undefined });
        return dataOf([...entries, ...marks, ...tombstones].map(rename));
      }),
      (a, b) => {
        equal(merged(a, b), merged(b, a));
        equal(merged(a, a), merged(a));
        equal(merged(merged(a, b), b), merged(a, merged(b, a)));
      },
    ),
    { numRuns: 1000, seed: 7 },
  );
});

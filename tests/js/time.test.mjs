// ts/values/time.ts: ISO times are validated against the calendar; other units are recognized.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { detectOtherTimeFormat, parseIsoTime } from "../../pkg/values/time.js";

const DAY = 86_400_000;

test("every date and time that toISOString writes is read back", () => {
  const from = Date.parse("1000-01-01");
  const to = Date.parse("9999-12-31");
  fc.assert(
    fc.property(fc.integer({ min: from, max: to }), (time) => {
      const iso = new Date(time).toISOString();
      assert.equal(parseIsoTime(iso), time);
      assert.equal(parseIsoTime(iso.replace("T", " ")), time);
      assert.equal(parseIsoTime(iso.slice(0, 10)), Math.floor(time / DAY) * DAY);
      assert.equal(parseIsoTime(`${iso.slice(0, -1)}+05:30`), time - 5.5 * 3_600_000);
      assert.equal(parseIsoTime(`${iso.slice(0, -1)}-0530`), time + 5.5 * 3_600_000);
    }),
  );
});

test("a date is read only if the calendar has it", () => {
  const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  for (const [year, february] of [
    [2020, 29],
    [2021, 28],
    [1900, 28],
    [2000, 29],
  ]) {
    for (let month = 0; month <= 13; month += 1) {
      const last = month === 2 ? february : (days[month - 1] ?? 0);
      for (let day = 0; day <= 32; day += 1) {
        const text = [year, month, day].map((part) => String(part).padStart(2, "0")).join("-");
        const exists = day >= 1 && day <= last;
        assert.equal(parseIsoTime(text) !== undefined, exists, text);
        assert.equal(parseIsoTime(`${text}T00:00Z`) !== undefined, exists, text);
      }
    }
  }
});

test("other texts are not times", () => {
  const texts = ["", "20251004", "0x10", "2026-1-1", "2026-01-31T12:00", "2026-01-31T24:00Z"];
  texts.push("2026-01-31T12:60Z", "2026-01-31T12:00:60Z", "2026-01-31T12:00+24:00", "soon");
  for (const text of [...texts, "2026-01-31Z", " 2026-01-31"])
    assert.equal(parseIsoTime(text), undefined, text);
});

test("seconds, microseconds, nanoseconds and date digits are told apart from milliseconds", () => {
  const time = Date.parse("2025-10-04T12:00:00Z");
  assert.equal(detectOtherTimeFormat(time), undefined);
  assert.equal(detectOtherTimeFormat(time / 1e3), "seconds");
  assert.equal(detectOtherTimeFormat(time * 1e3), "microseconds");
  assert.equal(detectOtherTimeFormat(time * 1e6), "nanoseconds");
  assert.equal(detectOtherTimeFormat(20251004), "date");
  const noDates = [
    18991231, 21010101, 2025.004, 20251304, 20251032, 20250004, 20251000, 20250229, 20251004.5,
  ];
  for (const value of [0, -1, 1000, ...noDates, 1e8 - 1, NaN, Infinity])
    assert.equal(detectOtherTimeFormat(value), undefined, `${value}`);
});

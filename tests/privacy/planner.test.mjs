// The planner: the order of choices, and the refusal to spend epsilon without a gain.
import assert from "node:assert/strict";
import { test } from "node:test";
import { plan } from "../../pkg/privacy/index.js";

test("a small catalogue is downloaded whole", () => {
  const { choice, choices } = plan({ items: 20_000, bytes: 4e6, epsilon: 8, hosts: 2 });
  assert.equal(choice.kind, "local");
  assert.deepEqual([choice.utility, choice.epsilonPerMonth], [1, 0]);
  assert.ok(choices.every(({ kind, note }) => kind === "local" || /Not needed/.test(note)));
});

test("two servers come before any epsilon", () => {
  const { choice, choices } = plan({ items: 1e6, bytes: 500_000, epsilon: 8, hosts: 2 });
  assert.equal(choice.kind, "split");
  assert.ok(choice.utility > 0.5 && choice.bytes <= 500_000 && choice.cpuMs > 0);
  assert.match(choices.find(({ kind }) => kind === "static").note, /Refused: two servers/);
});

test("epsilon is spent only where it is better than a shard of the same bytes", () => {
  const low = plan({ items: 100_000, bytes: 250_000, epsilon: 0.5 });
  assert.equal(low.choice.kind, "shard");
  assert.match(low.choices.find(({ kind }) => kind === "static").note, /Refused: a random shard/);
  const high = plan({ items: 100_000, bytes: 250_000, epsilon: 7 });
  assert.equal(high.choice.kind, "static");
  assert.ok(high.choice.epsilonPerMonth > 1000, `${high.choice.epsilonPerMonth}`);
  assert.equal(plan({ items: 100_000, bytes: 250_000 }).choice.kind, "shard");
});

test("utility grows with bytes and with epsilon", () => {
  const utilities = (options) =>
    new Map(
      plan({ items: 200_000, bytes: 100_000, hosts: 2, ...options }).choices.map(
        ({ kind, utility }) => [kind, utility],
      ),
    );
  for (const [less, more] of [
    [{ bytes: 100_000 }, { bytes: 800_000 }],
    [{ epsilon: 2 }, { epsilon: 6 }],
  ]) {
    const [low, high] = [utilities(less), utilities(more)];
    for (const [kind, utility] of low) assert.ok(utility <= high.get(kind) + 1e-9, kind);
  }
});

for (const [name, options] of [
  ["no items", { items: 0 }],
  ["no bytes", { bytes: 0 }],
  ["too few bytes", { bytes: 10 }],
  ["epsilon NaN", { epsilon: NaN }],
  ["epsilon 0", { epsilon: 0 }],
  ["half a host", { hosts: 1.5 }],
  ["an unknown option", { host: 2 }],
])
  test(`refuses ${name}`, () => {
    assert.throws(() => plan({ items: 100_000, bytes: 100_000, ...options }), {
      name: "SageError",
    });
  });

// What a store must hold after a crash.
import assert from "node:assert/strict";

/**
 * The operations on the items of a store. An operation is attempted before it starts and
 * acknowledged after it has resolved; every item is recorded once, and forgotten at most once.
 */
export class Ledger {
  /** By item: "recording", "recorded", "forgetting" or "forgotten". */
  #states = new Map();

  /** Announces an operation, "record" or "forget", on these items. */
  attempt(operation, items) {
    for (const item of items)
      this.#states.set(item, operation === "record" ? "recording" : "forgetting");
  }

  acknowledge(operation, item) {
    if (operation === "forget") this.#states.set(item, "forgotten");
    else if (this.#states.get(item) === "recording") this.#states.set(item, "recorded");
  }

  /** The items whose operation was attempted but not acknowledged. */
  unacknowledged() {
    return this.#itemsOf("recording", "forgetting");
  }

  /**
   * Throws unless the stored items are all that were recorded, without those forgotten, each once.
   * Unacknowledged operations may have happened or not; afterwards, what is stored counts. Returns
   * a summary.
   */
  check(stored) {
    const storedItems = new Set(stored);
    assert.equal(storedItems.size, stored.length, "an action counts twice");
    const absentItems = this.#itemsOf("recorded").filter((item) => !storedItems.has(item));
    assert.deepEqual(absentItems, [], "acknowledged actions are lost");
    const returnedItems = this.#itemsOf("forgotten").filter((item) => storedItems.has(item));
    assert.deepEqual(returnedItems, [], "forgotten actions have returned");
    const unknownItems = stored.filter((item) => !this.#states.has(item));
    assert.deepEqual(unknownItems, [], "actions are stored that were never recorded");
    const undecided = this.unacknowledged();
    for (const item of undecided)
      this.#states.set(item, storedItems.has(item) ? "recorded" : "forgotten");
    return (
      `${stored.length} stored, ${this.#itemsOf("forgotten").length} forgotten or never stored; ` +
      `the crash interrupted ${undecided.length}`
    );
  }

  #itemsOf(...states) {
    return [...this.#states].filter(([, state]) => states.includes(state)).map(([item]) => item);
  }
}

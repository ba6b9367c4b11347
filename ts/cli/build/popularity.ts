/** Popularity: the number of actions on each item, older actions counting less. */
import type { ItemId } from "../../item.js";
import { MS_PER_DAY } from "../../values/time.js";

/** Counted actions between two removals of those that left the window. */
const ACTIONS_PER_PRUNING = 100_000;

export interface PopularityOptions {
  /** An action of this age counts half; Infinity: all count the same. Above 0. */
  halfLifeDays: number;
  /** Older actions are not counted. Above 0. Default: Infinity. */
  windowDays?: number;
}

/** The decayed number of actions on an item, as of the time `at`. */
interface DecayedCount {
  count: number;
  at: number;
}

interface CountedAction {
  item: ItemId;
  at: number;
  weight: number;
}

/**
 * Counts actions in any order of their times (milliseconds since the epoch). Without a window, the
 * memory is that of the items; with one, also that of the actions within the window before the
 * newest action.
 */
export class PopularityCounter {
  readonly #halfLife: number;
  readonly #window: number;
  readonly #counts = new Map<ItemId, DecayedCount>();
  /** With a window: its actions, which are counted only when a count is requested. */
  #actions: CountedAction[] = [];
  #nextPruning = ACTIONS_PER_PRUNING;
  #newest = -Infinity;
  #added = 0;

  constructor({ halfLifeDays, windowDays = Infinity }: PopularityOptions) {
    this.#halfLife = halfLifeDays * MS_PER_DAY;
    this.#window = windowDays * MS_PER_DAY;
  }

  /** Time of the newest action; -Infinity without actions. */
  get newest(): number {
    return this.#newest;
  }

  add(item: ItemId, at: number, weight = 1): void {
    this.#added += 1;
    this.#newest = Math.max(this.#newest, at);
    if (this.#window === Infinity) return this.#count(this.#counts, { item, at, weight });
    this.#actions.push({ item, at, weight });
    if (this.#actions.length < this.#nextPruning) return;
    this.#actions = this.#actions.filter((action) => this.#newest - action.at <= this.#window);
    this.#nextPruning = this.#actions.length * 2 + ACTIONS_PER_PRUNING;
  }

  /** Number of added actions that {@link PopularityCounter.countsAt} leaves out at `time`. */
  outsideWindowAt(time: number): number {
    if (this.#window === Infinity) return 0;
    return this.#added - this.#actions.filter(({ at }) => time - at <= this.#window).length;
  }

  /**
   * The decayed count of each item at `time`, which must not be before the newest action: a prior
   * must not contain actions of its future. Items without counted actions are missing.
   */
  countsAt(time: number): Map<ItemId, number> {
    if (time < this.#newest)
      throw new RangeError(`actions later than ${time} were added: the newest is ${this.#newest}`);
    const counts = new Map(this.#counts);
    for (const action of this.#actions)
      if (time - action.at <= this.#window) this.#count(counts, action);
    return new Map(
      Array.from(counts, ([item, { count, at }]) => [item, count * this.#decay(time - at)]),
    );
  }

  #count(counts: Map<ItemId, DecayedCount>, { item, at, weight }: CountedAction): void {
    const previousCount = counts.get(item) ?? { count: 0, at };
    const latest = Math.max(previousCount.at, at);
    const count =
      previousCount.count * this.#decay(latest - previousCount.at) +
      weight * this.#decay(latest - at);
    counts.set(item, { count, at: latest });
  }

  /** The weight of an action of this age, in milliseconds: 1 to 0. */
  #decay(age: number): number {
    return 2 ** (-age / this.#halfLife);
  }
}

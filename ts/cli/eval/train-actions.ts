/** The actions that methods may be trained with, of all data sets, in columns. */
import type { ActionLog } from "./action-log.js";
import { allocateColumn, freeColumn } from "./columns.js";
import type { Split } from "./split.js";

/** Train actions on rows of the vectors: entry i of each array belongs to action i. */
export interface TrainActions {
  readonly row: Int32Array;
  /** The actions of a user are adjacent. */
  readonly user: Int32Array;
  /** Milliseconds since the epoch; -Infinity for data sets without times. */
  readonly at: Float64Array;
  /** Number of users of all sets, also those without train actions. */
  readonly users: number;
}

/** The parts of a data set that determine its train actions. */
interface TrainSet {
  readonly log: ActionLog;
  readonly split: Split;
  readonly hasClock: boolean;
}

/** Joins the train actions of data sets: 16 bytes each, allocated once. */
export class JoinedTrain {
  /** Actions on items without a vector, which are left out. */
  unknown = 0;
  readonly #row: Int32Array;
  readonly #user: Int32Array;
  readonly #at: Float64Array;
  #count = 0;
  #users = 0;

  constructor(sets: readonly TrainSet[]) {
    let capacity = 0;
    for (const { split } of sets) for (const flag of split.isTrain) capacity += flag;
    this.#row = allocateColumn(Int32Array, capacity);
    this.#user = allocateColumn(Int32Array, capacity);
    this.#at = allocateColumn(Float64Array, capacity);
  }

  /**
   * Adds the actions of a set. `rowOf`: the vector row of each item, or -1. Frees
   * the columns of its log.
   */
  add({ log, split: { isTrain }, hasClock }: TrainSet, rowOf: Int32Array): void {
    for (let user = 0; user + 1 < log.offsets.length; user += 1)
      for (let action = log.offsets[user]!; action < log.offsets[user + 1]!; action += 1) {
        if (!isTrain[action]) continue;
        const row = rowOf[log.item[action]!]!;
        if (row < 0) {
          this.unknown += 1;
          continue;
        }
        this.#row[this.#count] = row;
        this.#user[this.#count] = this.#users + user;
        this.#at[this.#count] = hasClock ? log.at[action]! : -Infinity;
        this.#count += 1;
      }
    this.#users += log.users.length;
    for (const column of [log.item, log.at, log.part, isTrain]) freeColumn(column);
  }

  finish(): TrainActions {
    const ofCount = <T extends { subarray(begin: number, end: number): T }>(column: T): T =>
      column.subarray(0, this.#count);
    return {
      row: ofCount(this.#row),
      user: ofCount(this.#user),
      at: ofCount(this.#at),
      users: this.#users,
    };
  }
}

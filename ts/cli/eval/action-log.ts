/** The actions of all users of a file in columns, grouped by user and sorted by time. */

/** The part of an action in a file that is already split. */
export const PARTS = ["train", "test", "later"] as const;
export type Part = (typeof PARTS)[number];

/** Actions in columns: entry i of each array belongs to action i. */
export interface ActionLog {
  /** Id of each user and of each item; actions refer to their positions. */
  readonly users: readonly string[];
  readonly items: readonly string[];
  readonly item: Int32Array;
  /** Milliseconds since the epoch; without times the position in the user's history. */
  readonly at: Float64Array;
  /** Index into PARTS. */
  readonly part: Uint8Array | undefined;
  /** Actions of user u: from offsets[u] to offsets[u + 1], by time, ties in file order. */
  readonly offsets: Uint32Array;
  /** Whether the file has times. */
  readonly hasTimes: boolean;
  /** Users whose actions were not in order of time. */
  readonly unsortedUsers: number;
  /** Actions equal to another in user, item and time, which are left out. */
  readonly duplicates: number;
}

/** Rows that the arrays of a new log hold before they grow. */
const INITIAL_CAPACITY = 1 << 16;

/** Collects actions in any order. O(1) amortised per action; 21 bytes each, and the ids. */
export class ActionLogBuilder {
  readonly #userIndex = new Map<string, number>();
  readonly #itemIndex = new Map<string, number>();
  #user = new Int32Array(INITIAL_CAPACITY);
  #item = new Int32Array(INITIAL_CAPACITY);
  #at = new Float64Array(INITIAL_CAPACITY);
  #part = new Uint8Array(INITIAL_CAPACITY);
  #count = 0;

  /** Number of actions added. */
  get count(): number {
    return this.#count;
  }

  /** `at` is undefined in a file without times, `part` in a file that is not split. */
  add(user: string, item: string, at: number | undefined, part: Part | undefined): void {
    if (this.#count === this.#user.length) this.#grow();
    const row = this.#count++;
    this.#user[row] = indexOf(this.#userIndex, user);
    this.#item[row] = indexOf(this.#itemIndex, item);
    this.#at[row] = at ?? row;
    this.#part[row] = part === undefined ? 0 : PARTS.indexOf(part);
  }

  /** The log. O(n log n) if users are unsorted, else O(n). */
  finish({ hasTimes, hasParts }: { hasTimes: boolean; hasParts: boolean }): ActionLog {
    const count = this.#count;
    const users = [...this.#userIndex.keys()];
    const offsets = new Uint32Array(users.length + 1);
    for (let row = 0; row < count; row += 1) offsets[this.#user[row]! + 1]! += 1;
    for (let user = 0; user < users.length; user += 1) offsets[user + 1]! += offsets[user]!;
    const order = new Uint32Array(count);
    const nextPosition = offsets.slice(0, users.length);
    for (let row = 0; row < count; row += 1) order[nextPosition[this.#user[row]!]!++] = row;
    const unsortedUsers = this.#sortUsers(order, offsets);
    const keptCount = hasTimes ? this.#dropDuplicates(order, offsets) : count;
    const rows = order.subarray(0, keptCount);
    const log: ActionLog = {
      users,
      items: [...this.#itemIndex.keys()],
      item: Int32Array.from(rows, (row) => this.#item[row]!),
      at: Float64Array.from(rows, (row) => this.#at[row]!),
      part: hasParts ? Uint8Array.from(rows, (row) => this.#part[row]!) : undefined,
      offsets,
      hasTimes,
      unsortedUsers,
      duplicates: count - keptCount,
    };
    if (!hasTimes)
      for (let user = 0; user < users.length; user += 1)
        for (let row = offsets[user]!; row < offsets[user + 1]!; row += 1)
          log.at[row] = row - offsets[user]!;
    return log;
  }

  /**
   * Sorts the rows of each user by time, ties in file order. Returns the number of users whose rows
   * were not sorted before.
   */
  #sortUsers(order: Uint32Array, offsets: Uint32Array): number {
    const at = this.#at;
    let unsortedUsers = 0;
    for (let user = 0; user + 1 < offsets.length; user += 1) {
      const rows = order.subarray(offsets[user], offsets[user + 1]);
      let isSorted = true;
      for (let index = 1; isSorted && index < rows.length; index += 1)
        isSorted = at[rows[index - 1]!]! <= at[rows[index]!]!;
      if (isSorted) continue;
      unsortedUsers += 1;
      rows.sort((a, b) => at[a]! - at[b]! || a - b);
    }
    return unsortedUsers;
  }

  /** Removes repeated (user, item, time) rows from `order`. Returns the number of rows left. */
  #dropDuplicates(order: Uint32Array, offsets: Uint32Array): number {
    let keptCount = 0;
    for (let user = 0; user + 1 < offsets.length; user += 1) {
      const begin = offsets[user]!;
      const end = offsets[user + 1]!;
      offsets[user] = keptCount;
      const itemsAtTime = new Set<number>();
      let time = NaN;
      for (let index = begin; index < end; index += 1) {
        const row = order[index]!;
        if (this.#at[row] !== time) itemsAtTime.clear();
        time = this.#at[row]!;
        if (itemsAtTime.has(this.#item[row]!)) continue;
        itemsAtTime.add(this.#item[row]!);
        order[keptCount++] = row;
      }
    }
    offsets[offsets.length - 1] = keptCount;
    return keptCount;
  }

  #grow(): void {
    const capacity = this.#user.length * 2;
    this.#user = resize(new Int32Array(capacity), this.#user);
    this.#item = resize(new Int32Array(capacity), this.#item);
    this.#at = resize(new Float64Array(capacity), this.#at);
    this.#part = resize(new Uint8Array(capacity), this.#part);
  }
}

function resize<T extends { set(values: T): void }>(larger: T, values: T): T {
  larger.set(values);
  return larger;
}

function indexOf(indices: Map<string, number>, id: string): number {
  let index = indices.get(id);
  if (index === undefined) indices.set(id, (index = indices.size));
  return index;
}

/** The actions of all users of a file in columns, grouped by user and sorted by time. */
import { allocateColumn, freeColumn } from "./columns.js";

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

/** Actions per chunk. A log grows by chunks: doubling an array would copy, and waste half. */
const CHUNK_ACTIONS = 1 << 18;

/** Actions in file order, up to {@link CHUNK_ACTIONS}. A column is freed once it is grouped. */
interface Chunk {
  readonly user: Int32Array;
  readonly item: Int32Array;
  readonly at: Float64Array;
  readonly part: Uint8Array | undefined;
}

/**
 * Collects actions in any order. O(1) per action; 17 bytes of memory for each, and the ids.
 * `finish` temporarily needs up to 8 bytes more per action; its log has 13 per action.
 */
export class ActionLogBuilder {
  readonly #userIndex = new Map<string, number>();
  readonly #itemIndex = new Map<string, number>();
  readonly #chunks: Chunk[] = [];
  #count = 0;

  /** Number of actions added. */
  get count(): number {
    return this.#count;
  }

  /** `at` is undefined in a file without times, `part` in a file that is not split. */
  add(user: string, item: string, at: number | undefined, part: Part | undefined): void {
    const position = this.#count % CHUNK_ACTIONS;
    if (position === 0) this.#chunks.push(newChunk(part !== undefined));
    const chunk = this.#chunks.at(-1)!;
    this.#count += 1;
    chunk.user[position] = indexOf(this.#userIndex, user);
    chunk.item[position] = indexOf(this.#itemIndex, item);
    chunk.at[position] = at ?? 0;
    if (part !== undefined) chunk.part![position] = PARTS.indexOf(part);
  }

  /** The log; the builder is empty afterwards. O(n log n) if users are unsorted, else O(n). */
  finish({ hasTimes, hasParts }: { hasTimes: boolean; hasParts: boolean }): ActionLog {
    const count = this.#count;
    const users = [...this.#userIndex.keys()];
    const offsets = new Uint32Array(users.length + 1);
    this.#forEachUser((user) => (offsets[user + 1]! += 1));
    for (let user = 0; user < users.length; user += 1) offsets[user + 1]! += offsets[user]!;
    const at = this.#groupByUser("at", allocateColumn(Float64Array, count), offsets);
    const item = this.#groupByUser("item", allocateColumn(Int32Array, count), offsets);
    const part = hasParts
      ? this.#groupByUser("part", allocateColumn(Uint8Array, count), offsets)
      : undefined;
    for (const { user } of this.#chunks) freeColumn(user);
    this.#chunks.length = 0;
    if (!hasTimes) numberByUser(at, offsets);
    const columns = { at, item, part };
    const unsortedUsers = hasTimes ? sortUsers(columns, offsets) : 0;
    const keptCount = hasTimes ? dropDuplicates(columns, offsets) : count;
    return {
      users,
      items: [...this.#itemIndex.keys()],
      item: item.subarray(0, keptCount),
      at: at.subarray(0, keptCount),
      part: part?.subarray(0, keptCount),
      offsets,
      hasTimes,
      unsortedUsers,
      duplicates: count - keptCount,
    };
  }

  /** Calls `visit` for each action in file order, and `onChunk` after those of each chunk. */
  #forEachUser(
    visit: (user: number, chunk: Chunk, position: number) => void,
    onChunk: (chunk: Chunk) => void = () => {},
  ): void {
    let unvisited = this.#count;
    for (const chunk of this.#chunks) {
      const length = Math.min(CHUNK_ACTIONS, unvisited);
      for (let position = 0; position < length; position += 1)
        visit(chunk.user[position]!, chunk, position);
      unvisited -= length;
      onChunk(chunk);
    }
  }

  /** Moves a column into `values`, by user, in file order within a user; frees it by chunks. */
  #groupByUser<T extends Float64Array | Int32Array | Uint8Array>(
    column: "at" | "item" | "part",
    values: T,
    offsets: Uint32Array,
  ): T {
    const nextPosition = offsets.slice(0, -1);
    this.#forEachUser(
      (user, chunk, position) => (values[nextPosition[user]!++] = chunk[column]![position]!),
      (chunk) => freeColumn(chunk[column]),
    );
    return values;
  }
}

function newChunk(hasParts: boolean): Chunk {
  return {
    user: allocateColumn(Int32Array, CHUNK_ACTIONS),
    item: allocateColumn(Int32Array, CHUNK_ACTIONS),
    at: allocateColumn(Float64Array, CHUNK_ACTIONS),
    part: hasParts ? allocateColumn(Uint8Array, CHUNK_ACTIONS) : undefined,
  };
}

/** The columns of a log while users are sorted, in place. */
interface Columns {
  readonly at: Float64Array;
  readonly item: Int32Array;
  readonly part: Uint8Array | undefined;
}

/** Times of a file that has none: positions in the history of the user. */
function numberByUser(at: Float64Array, offsets: Uint32Array): void {
  for (let user = 0; user + 1 < offsets.length; user += 1)
    for (let row = offsets[user]!; row < offsets[user + 1]!; row += 1)
      at[row] = row - offsets[user]!;
}

/**
 * Sorts the actions of each user by time, ties in file order. Returns the number of users whose
 * actions were not sorted before.
 */
function sortUsers({ at, item, part }: Columns, offsets: Uint32Array): number {
  let unsortedUsers = 0;
  for (let user = 0; user + 1 < offsets.length; user += 1) {
    const begin = offsets[user]!;
    const end = offsets[user + 1]!;
    let isSorted = true;
    for (let row = begin + 1; isSorted && row < end; row += 1) isSorted = at[row - 1]! <= at[row]!;
    if (isSorted) continue;
    unsortedUsers += 1;
    const rows = Uint32Array.from({ length: end - begin }, (_, index) => begin + index);
    rows.sort((a, b) => at[a]! - at[b]! || a - b);
    for (const column of [at, item, part])
      column?.set(
        Array.from(rows, (row) => column[row]!),
        begin,
      );
  }
  return unsortedUsers;
}

/** Removes repeated (user, item, time) actions. Returns the number of remaining actions. */
function dropDuplicates({ at, item, part }: Columns, offsets: Uint32Array): number {
  let keptCount = 0;
  for (let user = 0; user + 1 < offsets.length; user += 1) {
    const begin = offsets[user]!;
    const end = offsets[user + 1]!;
    offsets[user] = keptCount;
    const itemsAtTime = new Set<number>();
    let time = NaN;
    for (let row = begin; row < end; row += 1) {
      if (at[row] !== time) itemsAtTime.clear();
      time = at[row]!;
      if (itemsAtTime.has(item[row]!)) continue;
      itemsAtTime.add(item[row]!);
      at[keptCount] = time;
      item[keptCount] = item[row]!;
      if (part) part[keptCount] = part[row]!;
      keptCount += 1;
    }
  }
  offsets[offsets.length - 1] = keptCount;
  return keptCount;
}

function indexOf(indices: Map<string, number>, id: string): number {
  const knownIndex = indices.get(id);
  if (knownIndex !== undefined) return knownIndex;
  const newIndex = indices.size;
  indices.set(copyOf(id), newIndex);
  return newIndex;
}

/** A copy of a string: a substring of a chunk of the file would keep the chunk in memory. */
function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

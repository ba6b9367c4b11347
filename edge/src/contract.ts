/**
 * The calls from the Worker to a user's Durable Object. They carry plain data only: an error that
 * crosses the boundary loses its class, so failures are returned as values.
 */
import type { Parameter, Profile, Recommendation, RecordedAction } from "pocketsage";
import type { FailureReason } from "pocketsage/remote";
import type {
  ActionInput,
  BlobsReply,
  BoostBody,
  ForgetQuery,
  ProfileQuery,
  RankBody,
  RankReply,
  RecommendQuery,
  ShownBody,
} from "./schema.js";

/**
 * An error as plain data. `reason`, `status` and `sqlState` are those of a failed engine request,
 * `bug` is the name of an unexpected error and its places in the code.
 */
export interface Fault {
  code: string;
  message: string;
  reason?: FailureReason | undefined;
  status?: number | undefined;
  sqlState?: string | undefined;
  bug?: { error: string; at: string[] };
  /** Whether invalid bytes came with the request; false if they were stored. */
  invalidBody?: true;
}

/** The result of a call that failed. */
export interface Failure {
  fault: Fault;
}

/** What identifies a request that changes data, so that it can be sent again. */
export interface RequestStamp {
  /** A hash of method, path, query and body. */
  digest: string;
  /** The Idempotency-Key. */
  key?: string | undefined;
  /** When the client made the request, in milliseconds since the epoch. Default: on arrival. */
  time?: number | undefined;
}

/** The result of a call whose idempotency key belongs to a different request. */
export interface Conflict {
  conflict: true;
}

/** The outcome of a `record` call; `repeated` if an earlier request with this key did the work. */
export interface Recorded {
  recorded: number;
  /** The number of actions not recorded, because they are too old or were deleted meanwhile. */
  dropped: number;
  repeated: boolean;
}

/** The number of items that a change has applied to. */
export interface Marked {
  items: number;
}

/** A page of the history: how many of the newest actions to skip, and how many to return. */
export interface PageQuery {
  offset: number;
  count: number;
  /** Whether to return the vectors of actions recorded with one. */
  vectors: boolean;
}

/** Actions, newest first, and whether older ones follow. */
export interface Page {
  actions: RecordedAction[];
  more: boolean;
}

/**
 * The methods of a user's Durable Object. Changes with a key are made once per key. What a request
 * made before a deletion would bring back is left out.
 */
export interface UserCalls {
  /** `space`: name of the vector space of the actions' vectors. */
  record(
    actions: ActionInput[],
    stamp: RequestStamp,
    space?: string,
  ): Promise<Recorded | Conflict | Failure>;
  /** The profile now, or as of a past time. */
  profile(query: Omit<ProfileQuery, "vectors">): Promise<Profile | Failure>;
  recommend(query: RecommendQuery): Promise<Recommendation[] | Failure>;
  /** The list reordered by taste and, if the body has `scores`, the scores in the given order. */
  rank(body: RankBody): Promise<RankReply | Failure>;
  /** Resolves to the items that were hidden. */
  hide(items: string[], stamp: RequestStamp): Promise<{ hidden: string[] } | Conflict | Failure>;
  /** Ends the exclusion of the items. Resolves to those that were hidden. */
  unhide(
    items: string[],
    stamp: RequestStamp,
  ): Promise<{ unhidden: string[] } | Conflict | Failure>;
  hidden(): Promise<string[] | Failure>;
  /** Deletes the dislikes of the items. Resolves to the number of those that had one. */
  undislike(items: string[], stamp: RequestStamp): Promise<Marked | Conflict | Failure>;
  /** Multiplies the importance of an interest. */
  boost(body: BoostBody, stamp: RequestStamp): Promise<Marked | Conflict | Failure>;
  /** Counts a showing of each item, in memory only. */
  shown(body: ShownBody): Promise<Marked | Failure>;
  parameters(): Promise<Parameter[] | Failure>;
  actions(query: PageQuery): Promise<Page | Failure>;
  /**
   * Deletes one item's traces or the actions of a time range. An empty query deletes everything
   * but what RequestLog keeps, also if the stored bytes are unreadable.
   */
  forget(
    query: ForgetQuery,
    stamp: RequestStamp,
  ): Promise<{ deleted: number } | Conflict | Failure>;
  export(): Promise<Uint8Array<ArrayBuffer> | Failure>;
  /** Merges an export. Resolves to the number of actions of the profile then. */
  import(bytes: Uint8Array<ArrayBuffer>): Promise<{ actions: number } | Failure>;
}

/** The binding of the Durable Objects: one object per user id. */
export interface UserObjects {
  getByName(userId: string): UserCalls;
}

/** The binding of the Durable Objects that hold shards of cells, one object per shard. */
export interface CellShards {
  getByName(shard: string): {
    answerShard(shard: number, body: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  };
}

/**
 * The methods of a user's object of sealed blobs. Versions number its writes: a later write has a
 * higher one.
 */
export interface BlobCalls {
  /** The blobs whose version is above `since`, by name. */
  list(since: number): Promise<BlobsReply | Failure>;
  /** Resolves to null if there is no such blob. */
  get(name: string): Promise<Uint8Array<ArrayBuffer> | null | Failure>;
  put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<{ version: number } | Failure>;
  /** Deletes one blob or, without `name`, all. */
  remove(name?: string): Promise<{ deleted: number } | Failure>;
}

/** The binding of the objects of sealed blobs: one object per user id. */
export interface BlobObjects {
  getByName(userId: string): BlobCalls;
}

/**
 * The calls from the Worker to a user's Durable Object. They carry plain data only: an error that
 * crosses the boundary loses its class, so failures are returned as values.
 */
import type { Profile, Recommendation } from "pocketsage";
import type { FailureReason } from "pocketsage/remote";
import type { ActionInput, ForgetQuery, RecommendQuery } from "./schema.js";

/** An expected error as plain data. `reason` and `status` are those of a failed engine request. */
export interface Fault {
  code: string;
  message: string;
  reason?: FailureReason | undefined;
  status?: number | undefined;
}

/** The result of a call that failed. */
export interface Failure {
  fault: Fault;
}

/** The result of a `record` call whose idempotency key belongs to a different request. */
export interface Conflict {
  conflict: true;
}

/** The outcome of a `record` call; `repeated` if an earlier request with this key did the work. */
export interface Recorded {
  recorded: number;
  repeated: boolean;
}

/** The methods of a user's Durable Object. */
export interface UserCalls {
  /** Records the actions, once per idempotency key. `digest` is a hash of the request body. */
  record(
    actions: ActionInput[],
    key: string | undefined,
    digest: string,
  ): Promise<Recorded | Conflict | Failure>;
  profile(): Promise<Profile | Failure>;
  recommend(query: RecommendQuery): Promise<Recommendation[] | Failure>;
  hide(item: string): Promise<{ hidden: string } | Failure>;
  /**
   * Deletes one item's traces, the actions of a time range, or, for an empty query, everything,
   * the object's storage included. The last also works if the stored bytes are unreadable.
   */
  forget(query: ForgetQuery): Promise<{ deleted: number } | Failure>;
  export(): Promise<Uint8Array<ArrayBuffer> | Failure>;
}

/** The binding of the Durable Objects: one object per user id. */
export interface UserObjects {
  getByName(userId: string): UserCalls;
}

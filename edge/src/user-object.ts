/** The Durable Object of one user. It stores their actions and does not know their user id. */
import { DurableObject } from "cloudflare:workers";
import { openSage, type Profile, type Recommendation, type Sage } from "pocketsage";
import type { Conflict, Failure, Recorded, UserCalls } from "./contract.js";
import { retrieverFor } from "./engine.js";
import { faultOf } from "./problem.js";
import type { ActionInput, ForgetQuery, RecommendQuery } from "./schema.js";
import { dimOf, type Env, positiveOf } from "./settings.js";
import { type ActionStore, sqliteStore } from "./store.js";

const MAX_ACTIONS = 1000;

/** One user's sage. Calls that change it run one after the other, in the order they arrive. */
export class UserObject extends DurableObject<Env> implements UserCalls {
  #store: ActionStore;
  #sage: Promise<Sage> | undefined;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#store = sqliteStore(state.storage);
  }

  record(
    actions: ActionInput[],
    key: string | undefined,
    digest: string,
  ): Promise<Recorded | Conflict | Failure> {
    return this.#change(async () => {
      const earlier = key === undefined ? undefined : this.#store.findRequest(key);
      if (earlier)
        return earlier.digest === digest
          ? { recorded: Number(earlier.answer), repeated: true }
          : ({ conflict: true } as const);
      const sage = await this.#open();
      try {
        this.#store.setPendingRequest(
          key === undefined ? undefined : { key, digest, answer: String(actions.length) },
        );
        await sage.record(
          actions.map(({ vector, ...rest }) =>
            withoutUndefined(vector ? { ...rest, vector: Float32Array.from(vector) } : rest),
          ),
        );
      } finally {
        // After a failure the key must stay unused, so that the request can be sent again.
        this.#store.setPendingRequest(undefined);
      }
      return { recorded: actions.length, repeated: false };
    });
  }

  profile(): Promise<Profile | Failure> {
    return this.#call(async () => (await this.#open()).profile());
  }

  recommend({ seed, ...query }: RecommendQuery): Promise<Recommendation[] | Failure> {
    return this.#call(async () =>
      (await this.#open()).recommend(
        withoutUndefined({ ...query, pick: seed === undefined ? undefined : { seed } }),
      ),
    );
  }

  hide(item: string): Promise<{ hidden: string } | Failure> {
    return this.#change(async () => {
      await (await this.#open()).hide(item);
      return { hidden: item };
    });
  }

  forget({ item, from, to }: ForgetQuery): Promise<{ deleted: number } | Failure> {
    return this.#change(async () => {
      const everything = item === undefined && from === undefined && to === undefined;
      if (!everything) {
        const sage = await this.#open();
        return { deleted: await sage.forget(item ?? withoutUndefined({ from, to })) };
      }
      const sage = await this.#open().catch(() => undefined);
      if (sage) return { deleted: await sage.forget("everything") };
      await this.#store.clear();
      return { deleted: 0 };
    });
  }

  export(): Promise<Uint8Array<ArrayBuffer> | Failure> {
    return this.#call(async () => (await (await this.#open()).export()) as Uint8Array<ArrayBuffer>);
  }

  #open(): Promise<Sage> {
    this.#sage ??= (async () => {
      const retriever = await retrieverFor(this.env, (work) => this.ctx.waitUntil(work));
      const maxAgeDays = positiveOf(this.env, "MAX_AGE_DAYS", undefined);
      return openSage({
        dim: dimOf(this.env),
        retriever,
        vectors: (items) => retriever.vectors(items),
        store: this.#store,
        maxActions: MAX_ACTIONS,
        ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
      });
    })();
    this.#sage.catch(() => (this.#sage = undefined));
    return this.#sage;
  }

  /** Runs a change after all earlier ones have settled. */
  #change<T>(work: () => Promise<T>): Promise<T | Failure> {
    const run = this.#lastChange.then(() => this.#call(work));
    this.#lastChange = run.catch(() => undefined);
    return run;
  }

  /** Runs a call; an expected error becomes a Failure, a bug is thrown. */
  async #call<T>(work: () => Promise<T>): Promise<T | Failure> {
    try {
      return await work();
    } catch (error) {
      const fault = faultOf(error);
      if (!fault) throw error;
      // The sage in memory has the unsaved actions. Reload the stored ones, because the caller will
      // send the failed request again.
      if (fault.code === "storage") this.#sage = undefined;
      return { fault };
    }
  }
}

/** The object without its undefined properties, as `exactOptionalPropertyTypes` demands. */
function withoutUndefined<T extends object>(
  object: T,
): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as never;
}

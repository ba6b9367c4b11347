/** One user's taste: a Durable Object that holds their actions, and nothing about who they are. */
import { DurableObject } from "cloudflare:workers";
import { openSage, type Profile, type Recommendation, type Sage } from "pocketsage";
import { retrieverFor } from "./engine.js";
import { type Fault, faultOf } from "./problem.js";
import { dimOf, type Env, positiveOf } from "./settings.js";
import { sqliteStore, type TasteStore } from "./store.js";

/** An action as it comes over the wire. */
interface WireAction {
  item: string;
  vector?: number[] | undefined;
  at?: number | undefined;
  weight?: number | undefined;
  kind?: string | undefined;
}

/** What went wrong in here, as plain data: errors lose what they are on the way to the Worker. */
export interface Failure {
  failed: Fault;
}

/** The calls of a taste, as the Worker sees them. */
export type Taste = Pick<
  UserTaste,
  "record" | "profile" | "recommend" | "hide" | "forget" | "export"
>;

/** The user's own small server. Calls that change something happen one after the other. */
export class UserTaste extends DurableObject<Env> {
  #store: TasteStore;
  #sage: Promise<Sage> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#store = sqliteStore(state.storage);
  }

  /** Records actions, once for each `key`: repeated, the request has the answer it had. */
  record(
    actions: WireAction[],
    key: string | undefined,
    digest: string,
  ): Promise<{ recorded: number; repeated: boolean } | { conflict: true } | Failure> {
    return this.#inTurn(async () => {
      const known = key === undefined ? undefined : this.#store.answered(key);
      if (known)
        return known.digest === digest
          ? { recorded: Number(known.answer), repeated: true }
          : ({ conflict: true } as const);
      const sage = await this.#open();
      try {
        this.#store.remember(
          key === undefined ? undefined : { key, digest, answer: String(actions.length) },
        );
        await sage.record(
          actions.map(({ vector, ...rest }) =>
            defined(vector ? { ...rest, vector: Float32Array.from(vector) } : rest),
          ),
        );
      } finally {
        this.#store.remember(undefined); // what failed can be asked again
      }
      return { recorded: actions.length, repeated: false };
    });
  }

  profile(): Promise<Profile | Failure> {
    return this.#trying(async () => (await this.#open()).profile());
  }

  recommend(wish: {
    count?: number | undefined;
    interests?: number | undefined;
    seed?: number | undefined;
  }): Promise<Recommendation[] | Failure> {
    return this.#trying(async () => {
      const { seed, ...rest } = wish;
      return (await this.#open()).recommend(
        defined({ ...rest, pick: seed === undefined ? undefined : { seed } }),
      );
    });
  }

  hide(item: string): Promise<{ hidden: string } | Failure> {
    return this.#inTurn(async () => {
      await (await this.#open()).hide(item);
      return { hidden: item };
    });
  }

  /** Deletes an item's traces, a range of time, or everything there is, this object's storage included: that also where it cannot be read any more. */
  forget(what: {
    item?: string | undefined;
    from?: number | undefined;
    to?: number | undefined;
  }): Promise<{ deleted: number } | Failure> {
    return this.#inTurn(async () => {
      const { item, from, to } = what;
      const everything = item === undefined && from === undefined && to === undefined;
      if (!everything)
        return { deleted: await (await this.#open()).forget(item ?? defined({ from, to })) };
      const sage = await this.#open().catch(() => undefined);
      if (sage) return { deleted: await sage.forget("everything") };
      await this.#store.clear();
      return { deleted: 0 };
    });
  }

  export(): Promise<Uint8Array | Failure> {
    return this.#trying(async () => (await this.#open()).export());
  }

  #open(): Promise<Sage> {
    this.#sage ??= (async () => {
      const retriever = await retrieverFor(this.env, (work) => this.ctx.waitUntil(work));
      const days = positiveOf(this.env, "MAX_AGE_DAYS", undefined);
      return openSage({
        dim: dimOf(this.env),
        retriever,
        vectors: (items) => retriever.vectors(items),
        store: this.#store,
        maxActions: 1000,
        ...(days === undefined ? {} : { maxAgeDays: days }),
      });
    })();
    this.#sage.catch(() => (this.#sage = undefined));
    return this.#sage;
  }

  /** Changes happen one after the other, whatever became of the one before. */
  #inTurn<T>(step: () => Promise<T>): Promise<T | Failure> {
    const run = this.#last.then(() => this.#trying(step));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #trying<T>(step: () => Promise<T>): Promise<T | Failure> {
    try {
      return await step();
    } catch (error) {
      const failed = faultOf(error);
      if (!failed) throw error;
      // What could not be stored is not there: the caller, who is told so, will send it again.
      if (failed.code === "storage") this.#sage = undefined;
      return { failed };
    }
  }
}

function defined<T extends object>(given: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as never;
}

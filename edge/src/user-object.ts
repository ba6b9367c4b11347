/** The Durable Object of one user. It stores their actions, and never receives their user id. */
import { DurableObject } from "cloudflare:workers";
import {
  isSageError,
  openSage,
  type Parameter,
  type Profile,
  type Recommendation,
  type Sage,
  SageError,
  type Store,
} from "pocketsage";
import { freeBuffer } from "./bytes.js";
import type {
  Conflict,
  Failure,
  Marked,
  Page,
  PageQuery,
  Recorded,
  RequestStamp,
  UserCalls,
} from "./contract.js";
import { localCatalogue, retrieverFor } from "./engine.js";
import { bugOf, faultOf } from "./problem.js";
import { type DeletionTarget, RequestLog } from "./requests.js";
import type {
  ActionInput,
  BoostBody,
  ForgetQuery,
  ProfileQuery,
  RankBody,
  RankReply,
  RecommendQuery,
  ShownBody,
} from "./schema.js";
import { checkSpace, dimOf, type Env, positiveOf, spaceOf } from "./settings.js";
import { sqliteStore } from "./store.js";

const MAX_ACTIONS = 1000;

/** One user's sage. Calls that change it run one after the other, in the order they arrive. */
export class UserObject extends DurableObject<Env> implements UserCalls {
  #requests: RequestLog;
  /** Makes the store of a sage: each frees what its own sage has read. */
  #createStore: () => Store;
  #sage: Promise<Sage> | undefined;
  /** Name of the vector space of the sage, once it is open. */
  #space: string | undefined;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#requests = new RequestLog(state.storage);
    this.#createStore = () => sqliteStore(state.storage, this.#requests);
  }

  record(
    actions: ActionInput[],
    stamp: RequestStamp,
    space?: string,
  ): Promise<Recorded | Conflict | Failure> {
    return this.#change(async () => {
      if (space !== undefined) {
        await this.#open();
        checkSpace(space, this.#space);
      }
      const now = Date.now();
      const time = Math.min(stamp.time ?? now, now);
      const result = await this.#requests.once(
        stamp,
        { recorded: actions.length, dropped: 0 },
        async () => {
          const items = actions.map(({ item }) => item);
          const isDeleted = await this.#requests.deletedSince(stamp.time, "action", items);
          const keptActions = actions
            .map((action) => ({ ...action, at: action.at ?? time }))
            .filter(({ item, at }) => !isDeleted(item, at));
          const sage = await this.#open();
          const { recorded } = await sage.record(
            keptActions.map(({ vector, ...rest }) =>
              withoutUndefined(vector ? { ...rest, vector: Float32Array.from(vector) } : rest),
            ),
          );
          return { recorded, dropped: actions.length - recorded };
        },
      );
      return "conflict" in result ? result : { ...result.answer, repeated: result.repeated };
    });
  }

  profile(query: Omit<ProfileQuery, "vectors">): Promise<Profile | Failure> {
    return this.#call(async () => (await this.#open()).profile(withoutUndefined(query)));
  }

  recommend({
    seed,
    personal,
    filter,
    ...rest
  }: RecommendQuery): Promise<Recommendation[] | Failure> {
    return this.#call(async () => {
      const query = { ...rest, filter: filter === undefined ? undefined : JSON.parse(filter) };
      const sage = await this.#open();
      if (personal === "0") return this.#recommendToAll(query, await sage.hidden());
      return sage.recommend(
        withoutUndefined({ ...query, pick: seed === undefined ? undefined : { seed } }),
      );
    });
  }

  /** The list without a history, of the catalogue among the static files. */
  async #recommendToAll(
    { exclude = [], ...query }: Omit<RecommendQuery, "seed" | "personal" | "filter">,
    hidden: string[],
  ): Promise<Recommendation[]> {
    const catalogue = await localCatalogue(this.env);
    if (!catalogue)
      throw new SageError("option", "personal=0 needs public/catalogue.sage, which is missing.");
    const sage = await openSage({ catalogue });
    try {
      return await sage.recommend(withoutUndefined({ ...query, exclude: [...exclude, ...hidden] }));
    } finally {
      await sage.close();
    }
  }

  undislike(items: string[], stamp: RequestStamp): Promise<Marked | Conflict | Failure> {
    return this.#mark(stamp, async (sage) => {
      const disliked = (await sage.parameters()).find(({ name }) => name === "disliked");
      const marked = items.filter((item) => (disliked!.value as string[]).includes(item));
      await sage.undislike(marked);
      return marked.length;
    });
  }

  boost({ item, factor }: BoostBody, stamp: RequestStamp): Promise<Marked | Conflict | Failure> {
    return this.#mark(stamp, async (sage) => {
      const isDeleted = await this.#requests.deletedSince(stamp.time, "action", [item]);
      if (isDeleted(item, 0)) return 0;
      await sage.boost(item, factor);
      return 1;
    });
  }

  shown({ item, ttlDays }: ShownBody): Promise<Marked | Failure> {
    return this.#call(async () => {
      const items = typeof item === "string" ? [item] : item;
      await (await this.#open()).shown(items, withoutUndefined({ ttlDays }));
      return { items: items.length };
    });
  }

  parameters(): Promise<Parameter[] | Failure> {
    return this.#call(async () => (await this.#open()).parameters());
  }

  /** Runs a change once per key. `work` resolves to the number of items that it applied to. */
  #mark(
    stamp: RequestStamp,
    work: (sage: Sage) => Promise<number>,
  ): Promise<Marked | Conflict | Failure> {
    return this.#change(async () => {
      const sage = await this.#open();
      const result = await this.#requests.once(stamp, { items: 0 }, async () => ({
        items: await work(sage),
      }));
      return "conflict" in result ? result : result.answer;
    });
  }

  rank({ items, taste, scores }: RankBody): Promise<RankReply | Failure> {
    return this.#call(async () => {
      const sage = await this.#open();
      const list = items.map((item) => (typeof item === "string" ? item : withoutUndefined(item)));
      return {
        items: await sage.rank(list, withoutUndefined({ taste })),
        ...(scores ? { scores: await sage.score(list) } : {}),
      };
    });
  }

  hide(items: string[], stamp: RequestStamp): Promise<{ hidden: string[] } | Conflict | Failure> {
    return this.#change(async () => {
      const sage = await this.#open();
      // The answer is stored, so it has the items' positions in the request instead of their ids.
      const all = { hidden: [...items.keys()] };
      const result = await this.#requests.once(stamp, all, async () => {
        const isDeleted = await this.#requests.deletedSince(stamp.time, "hidden", items);
        const hidden = all.hidden.filter((place) => !isDeleted(items[place]!, 0));
        await sage.hide(hidden.map((place) => items[place]!));
        return { hidden };
      });
      if ("conflict" in result) return result;
      return { hidden: result.answer.hidden.map((place) => items[place]!) };
    });
  }

  unhide(
    items: string[],
    stamp: RequestStamp,
  ): Promise<{ unhidden: string[] } | Conflict | Failure> {
    return this.#change(async () => {
      const sage = await this.#open();
      const noPlaces: { places: number[] } = { places: [] };
      const result = await this.#requests.once(stamp, noPlaces, async () => {
        const hidden = new Set(await sage.hidden());
        const places = [...items.keys()].filter((place) => hidden.has(items[place]!));
        // Recorded first: a late request to hide the item, made before this one, has no effect.
        for (const item of new Set(items)) await this.#requests.addDeletion({ unhidden: item });
        await sage.unhide(items);
        return { places };
      });
      if ("conflict" in result) return result;
      return { unhidden: result.answer.places.map((place) => items[place]!) };
    });
  }

  hidden(): Promise<string[] | Failure> {
    return this.#call(async () => (await this.#open()).hidden());
  }

  actions({ offset, count, vectors }: PageQuery): Promise<Page | Failure> {
    return this.#call(async () => {
      const foundActions = await (await this.#open()).actions({ offset, count: count + 1 });
      const actions = foundActions.slice(0, count);
      return {
        actions: vectors ? actions : actions.map(({ vector: _, ...action }) => action),
        more: foundActions.length > count,
      };
    });
  }

  forget(
    { item, from, to }: ForgetQuery,
    stamp: RequestStamp,
  ): Promise<{ deleted: number } | Conflict | Failure> {
    return this.#change(async () => {
      const result = await this.#requests.once(stamp, { deleted: 0 }, async () => {
        const deletesEverything = item === undefined && from === undefined && to === undefined;
        const target: DeletionTarget =
          item === undefined ? { from: from ?? 0, to: to ?? Infinity } : { item };
        // Recorded before deleting: a crash between the two must not leave the deletion unknown.
        await this.#requests.addDeletion(deletesEverything ? "everything" : target);
        if (!deletesEverything) {
          const sage = await this.#open();
          return { deleted: await sage.forget(item ?? withoutUndefined({ from, to })) };
        }
        const sage = await this.#open().catch(() => undefined);
        if (sage) return { deleted: await sage.forget("everything") };
        await this.#createStore().clear();
        return { deleted: 0 };
      });
      return "conflict" in result ? result : result.answer;
    });
  }

  export(): Promise<Uint8Array<ArrayBuffer> | Failure> {
    return this.#call(async () => (await (await this.#open()).export()) as Uint8Array<ArrayBuffer>);
  }

  import(bytes: Uint8Array<ArrayBuffer>): Promise<{ actions: number } | Failure> {
    return this.#change(async () => {
      const sage = await this.#open();
      try {
        await sage.import(bytes); // copies what it keeps
        freeBuffer(bytes.buffer);
      } catch (error) {
        if (!isSageError(error) || !["corrupt", "version", "dimension"].includes(error.code))
          throw error;
        const { code, message } = error;
        return { fault: { code, message, invalidBody: true } } as const satisfies Failure;
      }
      return { actions: (await sage.profile()).actions };
    });
  }

  #open(): Promise<Sage> {
    this.#sage ??= (async () => {
      const retriever = await retrieverFor(this.env, (work) => this.ctx.waitUntil(work));
      const maxAgeDays = positiveOf(this.env, "MAX_AGE_DAYS", undefined);
      this.#space = spaceOf(this.env) ?? retriever.space;
      return openSage({
        dim: dimOf(this.env),
        ...withoutUndefined({ space: this.#space }),
        retriever,
        vectors: (items) => retriever.vectors(items),
        store: this.#createStore(),
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

  /** Runs a call. An error becomes a Failure: thrown, the runtime would log its message. */
  async #call<T>(work: () => Promise<T>): Promise<T | Failure> {
    try {
      return await work();
    } catch (error) {
      const fault = faultOf(error) ?? bugOf(error);
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

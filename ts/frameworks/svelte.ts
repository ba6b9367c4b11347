/**
 * Svelte stores: a sage, its interests and its recommendations. Tested with Svelte 5, in runes as
 * `$store` or by `fromStore`. They import nothing of Svelte. On a server they hold empty lists that
 * are loading, and open nothing.
 *
 * @packageDocumentation
 */
import type { Interest, Recommendation, Sage } from "../sage/types.js";
import {
  type Answer,
  type AnswerSource,
  followInterests,
  followRecommendations,
  type ListOptions,
  type MaybeSage,
} from "./answer.js";
import { openedSage, type SageState } from "./opened.js";
import { createSource, type Source } from "./source.js";

export type { Answer, ListOptions, MaybeSage } from "./answer.js";
export type { SageState } from "./opened.js";

/** A store that components read as `$store`: that of `svelte/store`. */
export interface Readable<Value> {
  /** Calls `run` with the value, at once and after each change. Returns the function to end it. */
  subscribe(this: void, run: (value: Value) => void, invalidate?: () => void): () => void;
}

/** A sage, one of {@link sageStore}, or any store of a sage. */
export type SageInput = MaybeSage | Readable<SageState> | Readable<MaybeSage>;

/**
 * A sage that is open while the store has subscribers. `open` is called once for each value of the
 * store `key`, compared by `Object.is`; without a key, once. A new value, such as another user,
 * closes the sage and opens another.
 */
export function sageStore(open: () => Promise<Sage>, key?: Readable<unknown>): Readable<SageState> {
  return toStore(switchSource(openedSage(open).get(), key, () => openedSage(open)));
}

/** The interests of a sage, by descending importance; read again after each change of it. */
export function interestsStore(sage: SageInput): Readable<Answer<Interest>> {
  return answerStore(followInterests, sage);
}

/**
 * The recommendations of a sage, read again after each change of it and for other options, which
 * may come from a store and are compared by value.
 */
export function recommendationsStore(
  sage: SageInput,
  options: ListOptions | Readable<ListOptions> = {},
): Readable<Answer<Recommendation>> {
  return answerStore(followRecommendations, sage, options);
}

function answerStore<Item>(
  follow: (sage: MaybeSage) => AnswerSource<Item>,
  sage: SageInput,
  options: ListOptions | Readable<ListOptions> = {},
): Readable<Answer<Item>> {
  const none = follow(undefined);
  const followWithOptions = (current: MaybeSage): Source<Answer<Item>> => {
    const source = follow(current);
    return {
      get: source.get,
      subscribe(listener) {
        const unsubscribe = source.subscribe(listener);
        const endOptions = read(options, source.setOptions);
        return () => {
          endOptions();
          unsubscribe();
        };
      },
    };
  };
  const sageOf = (value: SageState | MaybeSage): MaybeSage =>
    value && "isLoading" in value ? value.sage : value;
  return toStore(
    switchSource<SageState | MaybeSage, MaybeSage, Answer<Item>>(
      none.get(),
      sage,
      followWithOptions,
      sageOf,
    ),
  );
}

/**
 * The state of the source that `create` returns for the current value of an input, or for what
 * `select` takes of it. All listeners share it.
 */
function switchSource<Value, Selected, State>(
  initial: State,
  input: Value | Readable<Value>,
  create: (selected: Selected) => Source<State>,
  select = (value: Value): Selected => value as unknown as Selected,
): Source<State> {
  return createSource(initial, (set) => {
    let end: (() => void) | undefined;
    let current: Selected;
    const endInput = read(input, (value) => {
      const selected = select(value);
      if (end && Object.is(selected, current)) return;
      current = selected;
      end?.();
      const { get, subscribe } = create(selected);
      set(get());
      end = subscribe(() => set(get()));
    });
    return () => {
      endInput();
      end?.();
    };
  });
}

/** Calls `run` with a value, or with those of a store. Returns a function that ends this. */
function read<Value>(input: Value | Readable<Value>, run: (value: Value) => void): () => void {
  // A sage has `subscribe`, too, and is no store.
  if (input && typeof input === "object" && "subscribe" in input && !("recommend" in input))
    return input.subscribe(run);
  run(input as Value);
  return () => undefined;
}

function toStore<State>({ get, subscribe }: Source<State>): Readable<State> {
  return {
    subscribe(run) {
      run(get());
      return subscribe(() => run(get()));
    },
  };
}

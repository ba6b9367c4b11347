/** Lists that follow a sage: read once, and again after each change of it. */

import type { ItemId } from "../item.js";
import type { Interest, Recommendation, RecommendOptions, Sage } from "../sage/types.js";
import { createSource, type Source } from "./source.js";

/** The state of a list that follows a sage, such as its interests or its recommendations. */
export interface Answer<Item> {
  /**
   * The last list that was read; empty before. After an error and while other options are loading,
   * the list from before; never one of another sage.
   */
  readonly data: readonly Item[];
  /** Why the last read failed, if it did; undefined after the next one that succeeds. */
  readonly error: Error | undefined;
  /**
   * Whether the first list is being read, or a new one after a change of the options or `refresh`.
   * False while the list is read again after a change of the sage. True on a server, and as long
   * as there is no sage.
   */
  readonly isLoading: boolean;
  /** Reads the list again: after an error, or a change of the catalogue. */
  readonly refresh: () => void;
}

/** Options of recommendations in a user interface; equal options need not be the same object. */
export interface ListOptions extends Omit<RecommendOptions, "exclude" | "signal"> {
  /** Further items not to recommend. Applied on the device, never sent. */
  exclude?: readonly ItemId[] | ReadonlySet<ItemId>;
}

/** A list that follows a sage. */
export interface AnswerSource<Item> extends Source<Answer<Item>> {
  /** Reads the list again, unless the options equal the last ones. */
  setOptions(options: ListOptions): void;
}

/** A sage, or none yet. */
export type MaybeSage = Sage | null | undefined;

/** One source for all components that show the interests of a sage: they change together. */
const interestsOf = new WeakMap<Sage, AnswerSource<Interest>>();

/** The interests of a sage. */
export function followInterests(sage: MaybeSage): AnswerSource<Interest> {
  const source =
    (sage && interestsOf.get(sage)) ||
    follow(sage, async (opened) => (await opened.profile()).interests);
  if (sage) interestsOf.set(sage, source);
  return source;
}

/** The recommendations of a sage. A read is aborted when the options change. */
export function followRecommendations(sage: MaybeSage): AnswerSource<Recommendation> {
  return follow(sage, (opened, options, signal) => opened.recommend({ ...options, signal }));
}

function follow<Item>(
  sage: MaybeSage,
  read: (sage: Sage, options: ListOptions, signal: AbortSignal) => Promise<readonly Item[]>,
): AnswerSource<Item> {
  let options: ListOptions = {};
  let optionsKey = keyOf(options);
  let reload = (): void => undefined;
  const initial: Answer<Item> = {
    data: [],
    error: undefined,
    isLoading: true,
    refresh: () => reload(),
  };
  const source = createSource(initial, (set) => {
    if (!sage) return () => undefined;
    let state = initial;
    let controller: AbortController | undefined;
    let isReading = false;
    let isStale = false;
    const update = (change: Partial<Answer<Item>>): void => {
      state = { ...state, ...change };
      set(state);
    };
    // Reads one list at a time: after any number of changes during a read, one more read follows.
    const readUntilFresh = async (): Promise<void> => {
      isStale = true;
      if (isReading) return;
      isReading = true;
      while (isStale) {
        isStale = false;
        controller = new AbortController();
        const { signal } = controller;
        const change = await read(sage, options, signal).then(
          (data) => ({ data, error: undefined }),
          (error: Error) => ({ error }),
        );
        if (!signal.aborted) update({ ...change, isLoading: false });
      }
      isReading = false;
    };
    reload = () => {
      controller?.abort();
      update({ isLoading: true });
      void readUntilFresh();
    };
    const unsubscribe = sage.subscribe(() => void readUntilFresh());
    void readUntilFresh();
    return () => {
      reload = () => undefined;
      unsubscribe();
      isStale = false;
      controller?.abort();
    };
  });
  return {
    ...source,
    setOptions(given) {
      const key = keyOf(given);
      if (key === optionsKey) return;
      options = given;
      optionsKey = key;
      reload();
    },
  };
}

/** A string that is equal for equal options. */
function keyOf({ exclude, ...options }: ListOptions): string {
  return JSON.stringify([options, exclude && [...exclude]]);
}

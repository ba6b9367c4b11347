/**
 * Vue composables: a sage, its interests and its recommendations as refs. For Vue 3.3 and later. On
 * a server they hold empty lists that are loading, and open nothing.
 *
 * @packageDocumentation
 */
import {
  type ComputedRef,
  computed,
  getCurrentInstance,
  type MaybeRefOrGetter,
  onMounted,
  type ShallowRef,
  shallowRef,
  toValue,
  watch,
  watchEffect,
} from "vue";
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
import type { Source } from "./source.js";

export type { Answer, ListOptions, MaybeSage } from "./answer.js";
export type { SageState } from "./opened.js";

/** The members of a state, each as a ref; functions as they are. */
export type Refs<State> = {
  readonly [Name in keyof State]: State[Name] extends () => void
    ? State[Name]
    : ComputedRef<State[Name]>;
};

/**
 * A sage that is open while the component is mounted. `open` is called once for each value of
 * `key`; without a key, once. A new value, such as another user, closes the sage and opens another.
 */
export function useSage(
  open: () => Promise<Sage>,
  key?: MaybeRefOrGetter<unknown>,
): Refs<SageState> {
  const keyRef = computed(() => toValue(key));
  const { state } = useSource(
    computed(() => {
      void keyRef.value;
      return openedSage(open);
    }),
  );
  return {
    sage: computed(() => state.value.sage),
    error: computed(() => state.value.error),
    isLoading: computed(() => state.value.isLoading),
    reopen: () => state.value.reopen(),
  };
}

/** The interests of a sage, by descending importance; read again after each change of it. */
export function useInterests(sage: MaybeRefOrGetter<MaybeSage>): Refs<Answer<Interest>> {
  return useAnswer(computed(() => followInterests(toValue(sage))));
}

/**
 * The recommendations of a sage, read again after each change of it and for other options. Options
 * are compared by value; a ref, a getter or a reactive object is followed.
 */
export function useRecommendations(
  sage: MaybeRefOrGetter<MaybeSage>,
  options: MaybeRefOrGetter<ListOptions> = {},
): Refs<Answer<Recommendation>> {
  return useAnswer(
    computed(() => followRecommendations(toValue(sage))),
    options,
  );
}

function useAnswer<Item>(
  source: ComputedRef<AnswerSource<Item>>,
  options: MaybeRefOrGetter<ListOptions> = {},
): Refs<Answer<Item>> {
  const { state } = useSource(source, () => {
    watchEffect(() => source.value.setOptions(toValue(options)), { flush: "sync" });
  });
  return {
    data: computed(() => state.value.data),
    error: computed(() => state.value.error),
    isLoading: computed(() => state.value.isLoading),
    refresh: () => state.value.refresh(),
  };
}

/** The state of a source that may change, while the component is mounted. */
function useSource<State>(
  source: ComputedRef<Source<State>>,
  onStart = (): void => undefined,
): { state: ShallowRef<State> } {
  const state: ShallowRef<State> = shallowRef(source.value.get());
  const start = (): void => {
    // Synchronous, so that no component renders the state of the previous sage.
    const options = { immediate: true, flush: "sync" } as const;
    const follow = (
      { get, subscribe }: Source<State>,
      _: unknown,
      onCleanup: (end: () => void) => void,
    ): void => {
      state.value = get();
      onCleanup(subscribe(() => (state.value = get())));
    };
    watch(source, follow, options);
    onStart();
  };
  // Mounted hooks do not run on a server.
  if (getCurrentInstance()) onMounted(start);
  else start();
  return { state };
}

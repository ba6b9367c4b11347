/**
 * React hooks: a sage, its interests and its recommendations as state of a component. For React 18
 * and later. On a server they return empty lists that are loading, and open nothing.
 *
 * @packageDocumentation
 */
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Interest, Recommendation, Sage } from "../sage/types.js";
import {
  type Answer,
  followInterests,
  followRecommendations,
  type ListOptions,
  type MaybeSage,
} from "./answer.js";
import { openedSage, type SageState } from "./opened.js";
import type { Source } from "./source.js";

export type { Answer, ListOptions, MaybeSage } from "./answer.js";
export type { SageState } from "./opened.js";

/**
 * A sage that is open while the component is mounted. `open` is called once for each `key`,
 * compared by `Object.is`; without a key, once. A new key, such as another user, closes the sage
 * and opens another. Use it in one component and pass the sage on.
 */
export function useSage(open: () => Promise<Sage>, key?: unknown): SageState {
  // biome-ignore lint/correctness/useExhaustiveDependencies: `open` may be a new function each time
  return useSource(useMemo(() => openedSage(open), [key]));
}

/** The interests of a sage, by descending importance; read again after each change of it. */
export function useInterests(sage: MaybeSage): Answer<Interest> {
  return useSource(useMemo(() => followInterests(sage), [sage]));
}

/**
 * The recommendations of a sage, read again after each change of it and for other options. Options
 * are compared by value, so they may be written in place.
 */
export function useRecommendations(
  sage: MaybeSage,
  options: ListOptions = {},
): Answer<Recommendation> {
  const source = useMemo(() => followRecommendations(sage), [sage]);
  const answer = useSource(source);
  // After the subscription above and before its work begins, so that the first read has them.
  useEffect(() => source.setOptions(options));
  return answer;
}

function useSource<State>({ subscribe, get }: Source<State>): State {
  return useSyncExternalStore(subscribe, get, get);
}

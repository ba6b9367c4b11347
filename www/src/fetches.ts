/** What was fetched over the network, as the browser itself recorded it. Used in the page and in the worker: each sees its own. */

export interface Fetched {
  address: string;
  /** Bytes of the answer's body, compressed as it came; 0 when the browser does not tell. */
  bytes: number;
}

/** Calls `tell` with every fetch so far and, after, with each new one. */
export function watchFetches(tell: (fetches: Fetched[]) => void): void {
  const observer = new PerformanceObserver((seen) =>
    tell(
      (seen.getEntries() as PerformanceResourceTiming[]).map((entry) => ({
        address: entry.name,
        bytes: entry.encodedBodySize,
      })),
    ),
  );
  // The page itself is a navigation; everything else, and everything in a worker, is a resource.
  for (const type of ["navigation", "resource"]) {
    if (PerformanceObserver.supportedEntryTypes.includes(type))
      observer.observe({ type, buffered: true });
  }
}

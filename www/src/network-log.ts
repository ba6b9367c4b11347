/** Network fetches as the browser records them. The page and the worker each see only their own. */

export interface FetchRecord {
  url: string;
  /** Compressed size of the response body; 0 if the browser does not disclose it. */
  bytes: number;
}

/** Calls `onFetches` with all fetches so far, then with each new one. */
export function observeFetches(onFetches: (fetches: FetchRecord[]) => void): void {
  const observer = new PerformanceObserver((list) => {
    const entries = list.getEntries() as PerformanceResourceTiming[];
    onFetches(entries.map((entry) => ({ url: entry.name, bytes: entry.encodedBodySize })));
  });
  // The document itself is a "navigation", everything else a "resource". Workers have only
  // resources.
  for (const type of ["navigation", "resource"]) {
    if (PerformanceObserver.supportedEntryTypes.includes(type))
      observer.observe({ type, buffered: true });
  }
}

/**
 * Registers the service worker of the built page, which keeps its files for use without network.
 */

/** Does nothing in development, where there is none, and in browsers that refuse it. */
export function registerServiceWorker(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  // After loading, so that keeping the files does not compete with fetching them.
  const register = (): void => {
    navigator.serviceWorker.register("./service-worker.js").catch(() => undefined);
  };
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}

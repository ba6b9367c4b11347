// The service worker of the built page. vite.config.ts replaces the two constants. It keeps all
// files of one version, and answers from them. After the installation only the larger catalogue and
// the text encoders are fetched, when they are first used.
const FILES = __FILES__;
const CACHE = "pocketsage-__VERSION__";

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith("pocketsage-") && name !== CACHE)
            .map((name) => caches.delete(name)),
        ),
      ),
  );
});

addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET" || new URL(url).origin !== location.origin) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const cached = await cache.match(mode === "navigate" ? "./" : event.request, {
      ignoreSearch: mode === "navigate",
    });
    if (cached) return cached;
    const response = await fetch(event.request);
    if (response.ok && url.endsWith(".sage")) await cache.put(event.request, response.clone());
    return response;
  };
  event.respondWith(answer());
});

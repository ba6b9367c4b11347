// A recommendation service in a service worker: it answers ./api/ and keeps all files for offline
// use. The browser ends the worker when it is idle; the history is in IndexedDB.
// Import maps do not apply to workers, so the package is imported by its path.
import {
  Catalogue,
  indexedDbStore,
  openSage,
} from "./node_modules/pocketsage/pkg/entry/browser.js";

const FILES = "files-1";
let opening;

async function open() {
  const catalogue = await Catalogue.fetch("./node_modules/pocketsage/pkg/emoji.sage");
  const sage = await openSage({ catalogue, store: indexedDbStore("service-worker") });
  return { catalogue, sage };
}

/** The catalogue and the sage, opened for the first request; again after a failure. */
function opened() {
  opening ??= open().catch((error) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function answer(request, url) {
  const { catalogue, sage } = await opened();
  const [, item] = url.pathname.match(/\/api\/actions\/([\w-]+)$/) ?? [];
  if (item && request.method === "POST") return Response.json(await sage.record({ item }));
  const picks = await sage.recommend({ count: Number(url.searchParams.get("count") ?? 20) });
  return Response.json(
    picks.map(({ item, because: { from, medoid } }) => ({
      item,
      emoji: catalogue.payload(item).emoji,
      because: medoid ? catalogue.payload(medoid).emoji : from,
    })),
  );
}

/** From the network, and from the copy of the last time without one. */
async function file(request) {
  const cache = await caches.open(FILES);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const copy = await cache.match(request);
    if (!copy) throw error;
    return copy;
  }
}

addEventListener("install", (event) => {
  skipWaiting();
  // The page and the files of the first answer, for a start without a network.
  event.waitUntil(caches.open(FILES).then((cache) => cache.addAll(["./"])));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin) return;
  if (url.pathname.includes("/api/")) event.respondWith(answer(event.request, url));
  else if (event.request.method === "GET") event.respondWith(file(event.request));
});

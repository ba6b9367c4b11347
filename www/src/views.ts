/** The views in the order of their tabs. */
import { dialsView } from "./dials-view.js";
import { interestsView } from "./interest-cards.js";
import { lazyView } from "./lazy-view.js";
import { timelineView } from "./timeline-view.js";
import type { ViewDefinition } from "./view.js";

export const VIEWS: readonly ViewDefinition[] = [
  interestsView,
  lazyView(
    "type",
    "Type",
    async () => (await import("./text-search/text-search-view.js")).createTextSearchView,
  ),
  lazyView("map", "Map", async () => (await import("./map/map-view.js")).createMapView),
  lazyView(
    "tree",
    "Tree",
    async () => (await import("./dendrogram/dendrogram-view.js")).createDendrogramView,
  ),
  timelineView,
  dialsView,
];

/** The views in the order of their tabs. */
import { dialsView } from "./dials-view.js";
import { interestsView } from "./interest-cards.js";
import { mapView } from "./interest-map.js";
import { timelineView } from "./timeline-view.js";
import type { ViewDefinition } from "./view.js";

export const VIEWS: readonly ViewDefinition[] = [interestsView, mapView, timelineView, dialsView];

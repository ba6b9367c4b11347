/** The views in the order of their tabs. */
import { interestsView } from "./interest-cards.js";
import { mapView } from "./interest-map.js";
import type { ViewDefinition } from "./view.js";

export const VIEWS: readonly ViewDefinition[] = [interestsView, mapView];

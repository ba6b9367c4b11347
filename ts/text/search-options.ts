/** The names of the options of a search by words. */
export const SEARCH_OPTIONS = ["count", "exclude", "filter", "exact", "variants"];

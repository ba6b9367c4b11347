/** The identifier of an item, shared by every layer. */

/** The caller's identifier for an item: any non-empty string, opaque to the package. */
export type ItemId = string;

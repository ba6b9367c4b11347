/** The identifier of an item, shared by every layer. */

/**
 * The caller's identifier of an item: any non-empty string. Ids are compared by equality of their
 * characters and never parsed. In a catalogue: well-formed Unicode of at most 65,535 bytes in
 * UTF-8.
 */
export type ItemId = string;

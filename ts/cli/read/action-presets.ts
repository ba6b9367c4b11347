/** Where the parts of an action are in its row, and the layouts of common logs. */

/** Field paths of the parts of an action. */
export interface ActionFields {
  /** Alternatives: the first that a row has is used. A path through a list gives several items. */
  readonly item: readonly string[];
  readonly at: string;
  readonly kind: string;
  readonly weight: string;
  readonly vector: string;
  /** Undefined: users are not distinguished. */
  readonly user: string | undefined;
}

export const DEFAULT_FIELDS: ActionFields = {
  item: ["item"],
  at: "at",
  kind: "kind",
  weight: "weight",
  vector: "vector",
  user: undefined,
};

export const PRESET_NAMES = ["auto", "none", "recbole", "ga4", "segment"] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** The layout of a log. */
export interface ActionPreset {
  readonly name: PresetName;
  /** The log in messages, as in "GA4 events". */
  readonly title: string;
  readonly fields: ActionFields;
  matches(fields: Readonly<Record<string, unknown>>): boolean;
}

export const PRESETS: readonly ActionPreset[] = [
  {
    name: "recbole",
    title: "RecBole interactions",
    fields: { ...DEFAULT_FIELDS, item: ["item_id"], at: "timestamp", user: "user_id" },
    matches: (fields) => "item_id" in fields && ("user_id" in fields || "timestamp" in fields),
  },
  {
    name: "ga4",
    title: "GA4 events",
    fields: {
      ...DEFAULT_FIELDS,
      item: ["items[].item_id"],
      at: "event_timestamp",
      kind: "event_name",
      user: "user_pseudo_id",
    },
    matches: (fields) => "event_name" in fields && "event_timestamp" in fields,
  },
  {
    name: "segment",
    title: "Segment events",
    fields: {
      ...DEFAULT_FIELDS,
      item: ["properties.product_id", "properties.products[].product_id"],
      at: "timestamp",
      kind: "event",
      user: "userId",
    },
    matches: (fields) =>
      "timestamp" in fields &&
      ("messageId" in fields || "properties" in fields) &&
      "type" in fields,
  },
];

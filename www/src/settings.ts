/**
 * The settings of the page, kept in the fragment of its address: what is shown and how lists are
 * made. The fragment is never sent to a server, and contains no action of the user.
 */

/** Which lists of recommendations are shown. */
export const LIST_MODES = ["several", "average", "both"] as const;
export type ListMode = (typeof LIST_MODES)[number];

export interface Settings {
  /** Id of the catalogue. */
  catalogue: string;
  /** Id of the selected view. */
  view: string;
  lists: ListMode;
  /** Days after which an action counts half. */
  halfLifeDays: number;
  /** Options of `recommend`. */
  diversity: number;
  explore: number;
  popularity: number;
}

export const DEFAULT_SETTINGS: Settings = {
  catalogue: "emoji",
  view: "interests",
  lists: "both",
  halfLifeDays: 70,
  diversity: 0,
  explore: 0,
  popularity: 1,
};

/** Minimum and maximum of each number. */
export const SETTING_RANGES = {
  halfLifeDays: [1, 365],
  diversity: [0, 1],
  explore: [-1, 1],
  popularity: [0, 1],
} as const;

export type NumberSetting = keyof typeof SETTING_RANGES;

/** The settings of a fragment such as "#view=map&diversity=0.3". Invalid values are ignored. */
export function parseSettings(fragment: string): Settings {
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  const settings = { ...DEFAULT_SETTINGS };
  for (const name of ["catalogue", "view"] as const)
    settings[name] = fields.get(name) ?? settings[name];
  const lists = LIST_MODES.find((mode) => mode === fields.get("lists"));
  if (lists !== undefined) settings.lists = lists;
  for (const [name, [least, greatest]] of Object.entries(SETTING_RANGES)) {
    const text = fields.get(name);
    const value = Number(text);
    if (text !== null && text !== "" && value >= least && value <= greatest)
      settings[name as NumberSetting] = value;
  }
  return settings;
}

/** The fragment of settings, without those that have their default; "" if all have. */
export function formatSettings(settings: Settings): string {
  const changedSettings = Object.entries(settings).filter(
    ([name, value]) => value !== DEFAULT_SETTINGS[name as keyof Settings],
  );
  const fields = new URLSearchParams(changedSettings.map(([name, value]) => [name, String(value)]));
  return changedSettings.length > 0 ? `#${fields}` : "";
}

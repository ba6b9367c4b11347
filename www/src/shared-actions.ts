/**
 * Actions in the address of the page, for a link that the user chooses to share. The fragment of an
 * address is not sent to servers, but everyone who has the link can read it.
 */
import type { ItemId, RecordedAction } from "pocketsage";

export interface SharedAction {
  item: ItemId;
  at: number;
}

const HOUR_MS = 60 * 60 * 1000;
/** Longest list, so that the address stays under the limits of chat programs. */
export const MAX_SHARED_ACTIONS = 100;
const FIELD = "actions";

/** The newest actions as a field of a fragment: "item*hours ago", separated by "~". */
export function formatSharedActions(actions: readonly RecordedAction[], now = Date.now()): string {
  const entries = actions
    .filter(({ weight = 1 }) => weight > 0)
    .slice(0, MAX_SHARED_ACTIONS)
    .map(({ item, at }) => {
      const hours = Math.max(0, Math.round((now - at) / HOUR_MS));
      return encodeURIComponent(item) + (hours > 0 ? `*${hours}` : "");
    });
  return new URLSearchParams({ [FIELD]: entries.join("~") }).toString();
}

/**
 * The actions of a fragment at distinct times, oldest first; items that are not known are skipped.
 */
export function parseSharedActions(
  fragment: string,
  isKnown: (item: ItemId) => boolean,
  now = Date.now(),
): SharedAction[] {
  const text = new URLSearchParams(fragment.replace(/^#/, "")).get(FIELD) ?? "";
  const entries = text.split("~").filter((entry) => entry !== "");
  return entries
    .slice(0, MAX_SHARED_ACTIONS)
    .flatMap((entry, index) => {
      const [encoded = "", hours = "0"] = entry.split("*");
      const item = decode(encoded);
      const age = Math.max(0, Number(hours)) * HOUR_MS;
      return isKnown(item) && Number.isFinite(age) ? [{ item, at: now - age - index * 1000 }] : [];
    })
    .sort((a, b) => a.at - b.at);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

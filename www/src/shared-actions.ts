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
/** Maximum age of a shared action, in hours: 20 years. */
const MAX_AGE_HOURS = 20 * 365 * 24;
/** Maximum number of actions, so that the address stays under the limits of chat programs. */
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
 * The actions of a fragment at distinct times, oldest first, and the number of entries that are
 * skipped: of unknown items, or damaged.
 */
export function parseSharedActions(
  fragment: string,
  isKnown: (item: ItemId) => boolean,
  now = Date.now(),
): { actions: SharedAction[]; skipped: number } {
  const text = new URLSearchParams(fragment.replace(/^#/, "")).get(FIELD) ?? "";
  const entries = text.split("~").filter((entry) => entry !== "");
  const actions = entries
    .slice(0, MAX_SHARED_ACTIONS)
    .flatMap((entry, index) => {
      const [encoded = "", hours = "0"] = entry.split("*");
      const item = decode(encoded);
      const isAge = /^\d+$/.test(hours) && Number(hours) <= MAX_AGE_HOURS;
      const at = now - Number(hours) * HOUR_MS - index * 1000;
      return isKnown(item) && isAge ? [{ item, at }] : [];
    })
    .sort((a, b) => a.at - b.at);
  return { actions, skipped: entries.length - actions.length };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

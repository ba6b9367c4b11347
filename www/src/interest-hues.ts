/** Colours of interests. An interest keeps its hue while its items change. */
import type { Interest, ItemId } from "pocketsage";

/** OKLCH hues in degrees; neighbours in this list are far apart on the colour wheel. */
const HUES = [150, 45, 262, 350, 90, 212, 310, 20];

/**
 * Returns a function that takes each new list of interests, most important first, and returns one
 * hue per interest. An interest inherits the hue of the previous interest with which it shares
 * most items; the others get unused hues in order. Hues repeat after `HUES.length` interests.
 */
export function createHueAssigner(): (interests: readonly Interest[]) => number[] {
  let previous: { items: ReadonlySet<ItemId>; hue: number }[] = [];
  return (interests) => {
    const unused = new Set(HUES);
    const inherited = interests.map((interest) => {
      const hue = hueOfMostShared(interest, previous, unused);
      if (hue !== undefined) unused.delete(hue);
      return hue;
    });
    const hues = inherited.map((hue, index) => {
      if (hue !== undefined) return hue;
      const [next = HUES[index % HUES.length] ?? 0] = unused;
      unused.delete(next);
      return next;
    });
    previous = interests.map((interest, index) => ({
      items: new Set(interest.items),
      hue: hues[index] ?? 0,
    }));
    return hues;
  };
}

/** Ties go to the earlier, more important interest. `undefined` if no item is shared. */
function hueOfMostShared(
  interest: Interest,
  previous: readonly { items: ReadonlySet<ItemId>; hue: number }[],
  unused: ReadonlySet<number>,
): number | undefined {
  let best: number | undefined;
  let mostShared = 0;
  for (const { items, hue } of previous) {
    if (!unused.has(hue)) continue;
    const shared = interest.items.filter((item) => items.has(item)).length;
    if (shared > mostShared) {
      best = hue;
      mostShared = shared;
    }
  }
  return best;
}

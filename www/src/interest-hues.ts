/** Colours of interests. An interest keeps its hue while its items change. */
import type { Interest, ItemId } from "pocketsage";

/** OKLCH hues in degrees; neighbours in this list are far apart on the colour wheel. */
export const INTEREST_HUES = [150, 45, 262, 350, 90, 212, 310, 20];

/**
 * Returns a function that takes each new list of interests, most important first, and returns one
 * hue per interest. An interest inherits the hue of the previous interest with which it shares
 * most items; the others get unused hues in order. Hues repeat after `INTEREST_HUES.length`
 * interests.
 */
export function createHueAssigner(): (interests: readonly Interest[]) => number[] {
  let previousInterests: { items: ReadonlySet<ItemId>; hue: number }[] = [];
  return (interests) => {
    const unusedHues = new Set(INTEREST_HUES);
    const inherited = interests.map((interest) => {
      const hue = hueOfMostShared(interest, previousInterests, unusedHues);
      if (hue !== undefined) unusedHues.delete(hue);
      return hue;
    });
    const hues = inherited.map((hue, index) => {
      if (hue !== undefined) return hue;
      const [next = INTEREST_HUES[index % INTEREST_HUES.length] ?? 0] = unusedHues;
      unusedHues.delete(next);
      return next;
    });
    previousInterests = interests.map((interest, index) => ({
      items: new Set(interest.items),
      hue: hues[index] ?? 0,
    }));
    return hues;
  };
}

/**
 * The unused hue of the previous interest that shares most items with `interest`; of ties, that of
 * the more important one. `undefined` if no previous interest with an unused hue shares an item.
 */
function hueOfMostShared(
  interest: Interest,
  previousInterests: readonly { items: ReadonlySet<ItemId>; hue: number }[],
  unusedHues: ReadonlySet<number>,
): number | undefined {
  let bestHue: number | undefined;
  let maxSharedCount = 0;
  for (const { items, hue } of previousInterests) {
    if (!unusedHues.has(hue)) continue;
    const sharedCount = interest.items.filter((item) => items.has(item)).length;
    if (sharedCount > maxSharedCount) {
      bestHue = hue;
      maxSharedCount = sharedCount;
    }
  }
  return bestHue;
}

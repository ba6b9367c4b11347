/** A colour per interest that stays with it: an interest keeps the hue of the earlier interest it shares most items with. */
import type { Interest, ItemId } from "pocketsage";

/** OKLCH hues, far apart from their neighbours in this order. */
const HUES = [150, 45, 262, 350, 90, 212, 310, 20];

/** Call it with each new list of interests, most important first; it answers with a hue for each. */
export function steadyHues(): (interests: readonly Interest[]) => number[] {
  let before: { items: ReadonlySet<ItemId>; hue: number }[] = [];
  return (interests) => {
    const free = new Set(HUES);
    const hues: (number | undefined)[] = interests.map((interest) => {
      const heir = before
        .filter(({ hue }) => free.has(hue))
        .map(({ items, hue }) => ({
          hue,
          shared: interest.items.filter((item) => items.has(item)).length,
        }))
        .reduce((best, each) => (each.shared > best.shared ? each : best), { hue: -1, shared: 0 });
      return free.delete(heir.hue) ? heir.hue : undefined;
    });
    const settled = hues.map((hue, place) => {
      if (hue !== undefined) return hue;
      const [next = HUES[place % HUES.length] ?? 0] = free;
      free.delete(next);
      return next;
    });
    before = interests.map((interest, place) => ({
      items: new Set(interest.items),
      hue: settled[place] ?? 0,
    }));
    return settled;
  };
}

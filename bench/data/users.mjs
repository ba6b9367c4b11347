// Simulated users of a catalogue: actions on neighbours of a few random items, and on any item.
import { seededRandom } from "../../scripts/lib/random.mjs";

const TOPICS = 4;
const NEIGHBOURS = 12;
const ACTIONS = 30;
const NOISE_SHARE = 0.3;

/** The actions of `count` users, an hour apart, the last at `now`. Equal in every run. */
export function simulateUsers(catalogue, count, now, dayMs) {
  const ids = [...catalogue.ids()];
  const random = seededRandom(1);
  const pick = (list) => list[Math.floor(random() * list.length)];
  return Array.from({ length: count }, () => {
    const topics = Array.from({ length: TOPICS }, () =>
      catalogue.search(catalogue.vector(pick(ids)), { count: NEIGHBOURS }).map(({ item }) => item),
    );
    return Array.from({ length: ACTIONS }, (_, index) => ({
      item: random() < NOISE_SHARE ? pick(ids) : pick(pick(topics)),
      at: now - (ACTIONS - 1 - index) * (dayMs / 24),
    }));
  });
}

// How much of the taste helps a query for an item near it? Each simulated user has acted on emoji
// of one group, and searches for another emoji of that group by one of its tags.
import { openSage } from "pocketsage";
import { openSageText, openText } from "pocketsage/text";
import { printTable, printTitle } from "../../scripts/lib/output.mjs";
import { seededRandom } from "../../scripts/lib/random.mjs";

const USERS = 150;
const HISTORY = 10;
const SHARES = [0, 0.1, 0.2, 0.3, 0.5, 1];

/** Prints how often the item that a user has in mind is among the first hits, by share of taste. */
export async function measureTaste(catalogue, count) {
  const texts = openText(catalogue);
  const random = seededRandom(1);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const ids = [...catalogue.ids()].filter((id) => catalogue.payload(id).tags.length > 0);
  const groupOf = (id) => catalogue.payload(id).group;
  const foundByShare = new Map(SHARES.map((share) => [share, 0]));
  for (let user = 0; user < USERS; user += 1) {
    const target = pick(ids);
    const peers = ids.filter((id) => id !== target && groupOf(id) === groupOf(target));
    const sage = await openSage({ catalogue });
    const history = Array.from({ length: HISTORY }, (_, at) => ({ item: pick(peers), at }));
    await sage.record(history.filter(({ item }) => item !== target));
    const words = openSageText(sage, catalogue, texts);
    const query = pick(catalogue.payload(target).tags);
    for (const taste of SHARES) {
      const hits = await words.recommend({ query, count, taste });
      if (hits.some(({ item }) => item === target))
        foundByShare.set(taste, foundByShare.get(taste) + 1);
    }
    await sage.close();
  }
  printTitle(`${USERS} users search for an item of the group of their history by one of its tags`);
  printTable([
    ["taste", ...SHARES.map(String)],
    [
      `found among ${count}`,
      ...SHARES.map((share) => (foundByShare.get(share) / USERS).toFixed(3)),
    ],
  ]);
}

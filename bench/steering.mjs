// `npm run bench:steering`: what dislike, mute, filter and offset do to the recommendations of
// simulated users of the emoji catalogue, and whether the bounds hold. Each user has actions on
// neighbours of 4 random emoji, 30 % of them on any emoji. Every seed is fixed.
//   --users N     number of users (default: 100)
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";
import { printTable, printTitle, Remedy, runScript } from "../scripts/lib/output.mjs";
import { root } from "../scripts/lib/versions.mjs";
import { simulateUsers } from "./data/users.mjs";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 0, 15);
const NEAR_COSINE = 0.8;
const MAX_NEAR_ITEMS = 1; // of 20
const PAGE_ITEMS = 17;
const LISTED_ITEMS = 200;

await runScript(async () => {
  const { values } = parseArgs({ options: { users: { type: "string", default: "100" } } });
  await build();
  const { Catalogue, openSage } = await import("pocketsage");
  const file = await Catalogue.fromBytes(
    await readFile(join(root, "pkg", "emoji.sage")).catch(() => {
      throw new Remedy("pkg/emoji.sage is missing: run `npm run build`.");
    }),
  );
  // Built again, because pkg/emoji.sage has no attribute to filter by.
  const items = [...file.ids()].map((id) => [id, file.vector(id), file.payload(id)]);
  const catalogue = await Catalogue.from(items, { dim: file.dim, attributes: ["group"] });
  const users = simulateUsers(catalogue, Number(values.users), NOW, DAY_MS);
  const rows = [];
  const failures = [];
  const report = (name, figure, bound, holds) => {
    rows.push([name, figure, bound]);
    if (!holds) failures.push(`${name}: ${figure}, expected ${bound}`);
  };
  const open = async (actions) => {
    const sage = await openSage({ catalogue, now: () => NOW });
    await sage.record(actions);
    return sage;
  };
  const forUsers = async (measure) => {
    const results = [];
    for (const actions of users) {
      const sage = await open(actions);
      results.push(await measure(sage, actions));
      await sage.close();
    }
    return results;
  };

  const dislikes = await forUsers((sage) => measureDislike(sage, catalogue));
  const mostNearBefore = Math.max(...dislikes.map(({ nearBefore }) => nearBefore));
  const mostNearAfter = Math.max(...dislikes.map(({ nearAfter }) => nearAfter));
  const reorderedUsers = dislikes.filter(({ isOrderKept }) => !isOrderKept).length;
  report("dislike: most items of 20 near it, before", mostNearBefore, "", true);
  report(
    "dislike: most items of 20 near it",
    mostNearAfter,
    `<= ${MAX_NEAR_ITEMS}`,
    mostNearAfter <= MAX_NEAR_ITEMS,
  );
  report("dislike: users with another order elsewhere", reorderedUsers, "0", reorderedUsers === 0);

  const mutes = (await forUsers((sage, actions) => measureMutes(sage, actions, open))).flat();
  const mutedItems = mutes.reduce((sum, { muted }) => sum + muted, 0);
  const mutedItemsLater = mutes.reduce((sum, { mutedLater }) => sum + mutedLater, 0);
  report("mute: interests muted, one at a time", mutes.length, "", true);
  report("mute: items of a muted interest", mutedItems, "0", mutedItems === 0);
  report("mute: the same after 10 more actions", mutedItemsLater, "0", mutedItemsLater === 0);

  const filters = (await forUsers((sage) => measureFilters(sage, catalogue))).flat();
  const unequalLists = filters.filter((isEqual) => !isEqual).length;
  report("filter: lists", filters.length, "", true);
  report("filter: lists unlike those of brute force", unequalLists, "0", unequalLists === 0);

  const pages = (await forUsers(measurePages)).flat();
  const brokenLists = pages.filter((isWhole) => !isWhole).length;
  report("paging: lists read in pages", pages.length, "", true);
  report("paging: with a gap, a repeat or another order", brokenLists, "0", brokenLists === 0);

  printTitle(`Steering, ${users.length} users of the emoji catalogue`);
  printTable([["measure", "figure", "bound"], ...rows]);
  if (failures.length > 0) throw new Remedy(failures.join("\n"));
});

/** Dislikes the first recommendation, and compares the lists before and after. */
async function measureDislike(sage, catalogue) {
  const listBefore = await sage.recommend({ count: LISTED_ITEMS });
  const disliked = catalogue.vector(listBefore[0].item);
  const cosineTo = ({ item }) => dot(catalogue.vector(item), disliked);
  const isNear = (one) => cosineTo(one) >= NEAR_COSINE;
  const { medoid } = listBefore[0].because;
  await sage.dislike(listBefore[0].item);
  const listAfter = await sage.recommend({ count: LISTED_ITEMS });
  const others = (list, other) => {
    const items = new Set(other.map(({ item }) => item));
    return list.filter(
      (one) => one.because.medoid !== medoid && !isNear(one) && items.has(one.item),
    );
  };
  return {
    nearBefore: listBefore.slice(0, 20).filter(isNear).length,
    nearAfter: listAfter.slice(0, 20).filter(isNear).length,
    isOrderKept: isSameOrder(others(listBefore, listAfter), others(listAfter, listBefore)),
  };
}

/**
 * Mutes each interest in a sage of its own. Counts the recommendations of that interest, also after
 * ten more actions: `[{ muted, mutedLater }]`.
 */
async function measureMutes(sage, actions, open) {
  const results = [];
  for (const { medoid } of (await sage.profile()).interests) {
    const mutedSage = await open(actions);
    await mutedSage.mute(medoid);
    const muted = await countOf(mutedSage, medoid);
    await mutedSage.record(actions.slice(0, 10).map(({ item }) => ({ item, at: NOW })));
    results.push({ muted, mutedLater: await countOf(mutedSage, medoid) });
    await mutedSage.close();
  }
  return results;
}

/** Number of recommendations of the interest that explains the item. */
async function countOf(sage, item) {
  const { medoid } = (await sage.explain(item)).interest;
  const list = await sage.recommend({ count: LISTED_ITEMS });
  return list.filter(({ because }) => because.medoid === medoid).length;
}

/** Whether a filter gives the same list as `exclude` with all items that do not meet it. */
async function measureFilters(sage, catalogue) {
  const results = [];
  for (const group of ["food-drink", "activities"]) {
    const filter = { field: "group", is: group };
    const exclude = [...catalogue.ids()].filter((id) => catalogue.payload(id).group !== group);
    const filtered = await sage.recommend({ filter, count: 100 });
    results.push(isSameOrder(filtered, await sage.recommend({ exclude, count: 100 })));
  }
  return results;
}

/** Whether the pages of a list, joined, equal the list without an offset. */
async function measurePages(sage) {
  const results = [];
  for (const options of [{}, { diversity: 0.5 }, { explore: 0.5, exploreSeed: 7 }]) {
    const pages = [];
    for (let offset = 0; offset < LISTED_ITEMS; offset += PAGE_ITEMS)
      pages.push(...(await sage.recommend({ ...options, offset, count: PAGE_ITEMS })));
    const list = await sage.recommend({ ...options, count: pages.length });
    const items = new Set(pages.map(({ item }) => item));
    results.push(isSameOrder(pages, list) && items.size === pages.length);
  }
  return results;
}

function isSameOrder(a, b) {
  return a.length === b.length && a.every(({ item }, index) => item === b[index].item);
}

function dot(a, b) {
  return a.reduce((sum, component, index) => sum + component * b[index], 0);
}

// Runs in the page: opens sages on IndexedDB, counts what the app does with them, and records what
// it shows.
import { connectSage, indexedDbStore, openSage } from "pocketsage";
import { NOW, smallCatalogue } from "../js/items.mjs";

/** What the app did: sages opened and closed, and lists read. */
export const counts = { opened: 0, closed: 0, recommend: 0, profile: 0 };
/** The sages that the app has opened, by user. */
export const sages = {};
/** Each state that the app has shown, in order. */
export const shown = [];
/** How the next calls behave: errors to throw, or a promise to await. */
export const faults = { open: undefined, recommend: undefined, wait: undefined };

let catalogue;

/** Opens the sage of a user, which counts its calls. */
export async function open(user) {
  counts.opened += 1;
  await faults.wait;
  if (faults.open) throw new Error(faults.open);
  catalogue ??= await smallCatalogue();
  const sage =
    user === "worker"
      ? await connectSage(new Worker("/tests/browser/worker.js", { type: "module" }))
      : await openSage({ catalogue, store: indexedDbStore(user), now: () => NOW });
  const counting = {
    ...sage,
    profile: (...given) => {
      counts.profile += 1;
      return sage.profile(...given);
    },
    recommend: (...given) => {
      counts.recommend += 1;
      if (faults.recommend) return Promise.reject(new Error(faults.recommend));
      return sage.recommend(...given);
    },
    close: () => {
      counts.closed += 1;
      return sage.close();
    },
  };
  sages[user] = counting;
  return counting;
}

/** Records the states that an app shows in this element. */
export function watch(target) {
  const note = () => {
    const text = target.querySelector("pre")?.textContent;
    if (text && text !== JSON.stringify(shown.at(-1))) shown.push(JSON.parse(text));
  };
  new MutationObserver(note).observe(target, {
    childList: true,
    characterData: true,
    subtree: true,
  });
  note();
}

/** Resolves to the first state from now on that the app shows and that meets the condition. */
export async function until(condition) {
  const end = performance.now() + 30_000;
  while (!(shown.length > 0 && condition(shown.at(-1)))) {
    if (performance.now() > end)
      throw new Error(`not reached: ${condition}; shown: ${JSON.stringify(shown.slice(-3))}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return shown.at(-1);
}

/** Resolves when this many sages are closed. */
export async function untilClosed(count) {
  while (counts.closed < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Resolves when nothing has happened for 100 ms. */
export async function settle() {
  let before;
  do {
    before = JSON.stringify([counts, shown.length]);
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (JSON.stringify([counts, shown.length]) !== before);
}

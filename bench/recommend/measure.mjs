// Times of recommend(), and of an average searched in another index.
import { Catalogue, openSage } from "pocketsage";
import { isolateNextCall, measureTime, median } from "../timing.mjs";

const COUNT = 20;
const AVERAGED_ACTIONS = 10;
const ROUNDS = 31;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 15);
/** A step that is prime to the number of items, so that histories mix topics. */
const STEP = 7919;

/**
 * Measures recommendations for histories of each length: `{ name, actions, hot, isolated }`, times
 * in ms. `openPeer` opens the index of another library.
 */
export async function measureRecommend({ vectors, values, dim, n }, lengths, openPeer) {
  const catalogue = await Catalogue.from(
    vectors.map((vector, row) => [String(row), vector]),
    { dim },
  );
  const peer = await openPeer({ vectors, values, dim });
  const results = [];
  for (const length of lengths) {
    const action = (index) => ({ item: String((index * STEP) % n), at: NOW - index * HOUR });
    const history = Array.from({ length }, (_, index) => action(index));
    const open = async () => {
      const sage = await openSage({ catalogue, now: () => NOW });
      await sage.record(history);
      return sage;
    };
    const sage = await open();
    let next = length;
    const contestants = [
      { name: "actions to recommendations", prepare: open, run: recommend },
      {
        name: "one more action to recommendations",
        prepare: async () => sage,
        run: async () => {
          await sage.record(action(next++));
          return recommend(sage);
        },
      },
      { name: "again, nothing changed", prepare: async () => sage, run: recommend },
      {
        name: "average of the last 10, hnswlib-wasm",
        prepare: async () => history,
        // The items of the history are excluded after the search.
        run: async () => peer.search(average(history, vectors), COUNT + AVERAGED_ACTIONS),
      },
    ];
    for (const { name, prepare, run } of contestants) {
      const hot = await medianTime(prepare, run, false);
      const isolated = await medianTime(prepare, run, true);
      results.push({ name, actions: length, hot, isolated });
    }
    await sage.close();
  }
  catalogue.close();
  return results;
}

const recommend = (sage) => sage.recommend({ count: COUNT });

/** Median CPU time of hot or isolated calls, without their preparation. */
async function medianTime(prepare, run, isolated) {
  const times = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const state = await prepare();
    if (isolated) await isolateNextCall();
    const { cpu } = await measureTime(async () => run(state));
    times.push(cpu);
  }
  return median(times);
}

/** The sum of the vectors of the newest actions; cosines do not depend on its length. */
function average(history, vectors) {
  const sum = new Float32Array(vectors[0].length);
  for (const { item } of history.slice(0, AVERAGED_ACTIONS))
    vectors[Number(item)].forEach((x, axis) => (sum[axis] += x));
  return sum;
}

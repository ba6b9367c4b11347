// `npm run bench:stability`: how stable the shown interests (`cut: "auto"`) are when actions are
// added, and how well they match planted groups, over the emoji catalogue. Prints the figures of
// docs/decisions/0036-*.md and fails if one is beyond its bound. Takes about half a minute.
import { build } from "../../scripts/build.mjs";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { seededRandom } from "../../scripts/lib/random.mjs";
import { cosine, plantThree, readEmoji, sample, tastes } from "./tastes.mjs";

/** The bounds: a figure beyond one is an error. */
const MAX_JUMP = 2;
const MAX_SHARE_OF_LARGER_JUMPS = 0.001;
const MIN_ARI = 0.68;
const UNLIKE_COSINE = 0.3;
const MAX_FALL = 1;

const USERS = 500;
const USERS_PER_RULE = 100;
const TAPS = 30;
const SESSIONS = 150;
const ACTIONS_PER_KIND = [1, 2, 3, 5, 10, 20];
const PAIRS = 3000;

await runScript(async () => {
  await build();
  const { cluster, init, ward } = await import("pocketsage");
  await init();
  const emoji = await readEmoji();
  const failures = [];
  const check = (isWithin, what) => isWithin || failures.push(what);

  printTitle(`One more tap: ${USERS} users, ${TAPS} taps each`);
  const variants = [
    ["", {}],
    [", weighted", { weightScale: 1 }],
    [", no catalogue", { spread: undefined }],
  ];
  const steps = [["taste", "steps", `beyond ${MAX_JUMP}`, "largest", "mean interests"]];
  for (const taste of Object.keys(tastes)) {
    for (const [suffix, options] of variants) {
      const found = measureSteps(taste, USERS, (rows) => interestsOf(rows, options).count);
      const isStable = found.share <= MAX_SHARE_OF_LARGER_JUMPS;
      check(isStable, `${taste}${suffix}: jumps beyond ${MAX_JUMP}`);
      steps.push([
        taste + suffix,
        found.steps,
        formatShare(found.share),
        found.largest,
        found.interests.toFixed(1),
      ]);
    }
  }
  printTable(steps);

  printTitle(`Three planted subgroups, ${SESSIONS} sessions each: adjusted Rand index by rule`);
  const rules = {
    auto: () => "auto",
    "{ spread: 0.7 }": () => ({ spread: 0.7 }),
    "{ spread: 1.26 }": () => ({ spread: 1.26 }),
    "0.7 D (n / k)^0.4": growingThreshold,
  };
  const comparison = [["actions per kind", ...ACTIONS_PER_KIND, "mean", `jumps > ${MAX_JUMP}`]];
  for (const [name, cutOf] of Object.entries(rules)) {
    const indices = plantedIndices((rows) => interestsOf(rows, { cut: cutOf(rows) }).labels);
    const jumps = Object.keys(tastes).map(
      (taste) =>
        measureSteps(taste, USERS_PER_RULE, (rows) => interestsOf(rows, { cut: cutOf(rows) }).count)
          .share,
    );
    if (name === "auto") check(mean(indices) >= MIN_ARI, `mean index below ${MIN_ARI}`);
    const cells = [...indices, mean(indices)].map((index) => index.toFixed(2));
    comparison.push([name, ...cells, formatShare(mean(jumps))]);
  }
  printTable(comparison);

  printTitle("Unlike actions");
  const random = seededRandom(3);
  let [unlikePairs, merged] = [0, 0];
  while (unlikePairs < PAIRS) {
    const pair = sample(emoji.vectors.keys(), 2, random);
    const [a, b] = pair.map((row) => emoji.vectors[row]);
    if (cosine(a, b) >= UNLIKE_COSINE) continue;
    unlikePairs += 1;
    merged += Number(interestsOf(pair).count !== 2);
  }
  check(merged === 0, "two unlike actions are one interest");
  const isScaleFree = Object.values(tastes).every((history) => {
    const rows = history(emoji, random, TAPS);
    const labels = (weightScale) => interestsOf(rows, { weightScale }).labels.join();
    return labels(1) === labels(1024) && labels(1) === labels(1 / 1024);
  });
  check(isScaleFree, "weights that are all larger change the interests");
  const counts = emoji.unlike.map((_, last) => interestsOf(emoji.unlike.slice(0, last + 1)).count);
  const largestFall = Math.max(...counts.slice(1).map((count, step) => counts[step] - count));
  check(largestFall <= MAX_FALL, `fifteen different emoji: the count falls by ${largestFall}`);
  const [early, late] = emoji.clear.map((rows) => interestsOf(rows).count);
  check(early === 3 && late === 4, "six cars are no interest of their own");
  printTable([
    ["figure", "value"],
    [`pairs below cosine ${UNLIKE_COSINE} in one interest`, `${merged} of ${PAIRS}`],
    ["interests of fifteen different emoji, tap by tap", counts.join(" ")],
    ["interests of five foods, sports and animals; and after six cars", `${early}; ${late}`],
  ]);
  if (failures.length > 0) throw new Remedy(`Beyond its bound: ${failures.join("; ")}.`);

  /** The clusters of rows. Weights are 0.5, 1, 2, 3, 0.5, ... times `weightScale`, or all 1. */
  function interestsOf(rows, { cut = "auto", weightScale, ...options } = {}) {
    const weights = weightScale && rows.map((_, index) => weightScale * [0.5, 1, 2, 3][index % 4]);
    const { dim, spread } = { ...emoji, ...options };
    return cluster(matrixOf(rows), { dim, cut, spread, ...(weights && { weights }) });
  }

  /** The rule before `auto`: a threshold that grows with the mean actions per cluster. */
  function growingThreshold(rows) {
    const n = rows.length;
    const tree = ward(matrixOf(rows), { dim: emoji.dim });
    const thresholdOf = (count) => 0.7 * emoji.spread * (n / count) ** 0.4;
    let keptMerges = 0;
    while (keptMerges < n - 1 && tree[4 * keptMerges + 2] <= thresholdOf(n - keptMerges - 1))
      keptMerges += 1;
    return { threshold: thresholdOf(n - keptMerges) };
  }

  function matrixOf(rows) {
    const matrix = new Float32Array(rows.length * emoji.dim);
    rows.forEach((row, index) => matrix.set(emoji.vectors[row], index * emoji.dim));
    return matrix;
  }

  /** Changes of the number of interests by one more tap, over the histories of `users`. */
  function measureSteps(taste, users, countOf) {
    const random = seededRandom(14);
    const jumps = [];
    const finalCounts = [];
    for (let user = 0; user < users; user += 1) {
      const rows = tastes[taste](emoji, random, TAPS);
      const counts = rows.map((_, last) => countOf(rows.slice(0, last + 1)));
      counts.slice(1).forEach((count, step) => jumps.push(Math.abs(count - counts[step])));
      finalCounts.push(counts.at(-1));
    }
    return {
      steps: jumps.length,
      share: jumps.filter((jump) => jump > MAX_JUMP).length / jumps.length,
      largest: Math.max(...jumps),
      interests: mean(finalCounts),
    };
  }

  /** For each number of actions per kind, the mean adjusted Rand index with the subgroups. */
  function plantedIndices(labelsOf) {
    const random = seededRandom(68);
    return ACTIONS_PER_KIND.map((count) =>
      mean(
        Array.from({ length: SESSIONS }, () => {
          const { rows, truth } = plantThree(emoji, count, random);
          return adjustedRandIndex(labelsOf(rows), truth);
        }),
      ),
    );
  }
});

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function formatShare(share) {
  return `${(100 * share).toFixed(2)} %`;
}

/** Adjusted Rand index of two partitions, given as the cluster of each row. */
function adjustedRandIndex(labels, truth) {
  const pairs = (keys) => {
    const sizes = new Map();
    for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1);
    return [...sizes.values()].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
  };
  const [first, second] = [pairs(labels), pairs(truth)];
  const both = pairs(truth.map((label, row) => `${label} ${labels[row]}`));
  const expected = (first * second) / ((truth.length * (truth.length - 1)) / 2);
  const largest = (first + second) / 2;
  return largest === expected ? 1 : (both - expected) / (largest - expected);
}

/** Which cells a device fetches in an epoch: their number is fixed, whatever the profile is. */
import { type Codebook, nearestCells } from "./cells/format.js";
import { lifetimeOf, newId, type PrivacyState, type Release } from "./ledger.js";
import { type Draw, drawDistinct, shuffle } from "./random.js";
import { drawSubset, type SubsetMechanism } from "./subset.js";

/** The cells to fetch, in order of their requests, and the new entries of the ledger. */
export interface CellPlan {
  readonly cells: readonly number[];
  readonly releases: readonly Release[];
}

/**
 * `interests` x `probes` different cells, or all cells if there are fewer: the nearest ones of each
 * vector in turn, filled up with random ones, in random order.
 */
export function planProbes(
  codebook: Codebook,
  vectors: readonly Float32Array[],
  { interests, probes }: { interests: number; probes: number },
  draw: Draw,
): CellPlan {
  const total = Math.min(codebook.cells, interests * probes);
  const lists = vectors
    .slice(0, interests)
    .map((vector) => nearestCells(codebook, vector, codebook.cells));
  const chosenCells = new Set<number>();
  for (let probe = 0; probe < probes; probe += 1)
    for (const list of lists) {
      const next = list.find((cell) => !chosenCells.has(cell));
      if (next !== undefined && chosenCells.size < total) chosenCells.add(next);
    }
  for (const cell of drawDistinct(codebook.cells, codebook.cells, draw)) {
    if (chosenCells.size === total) break;
    chosenCells.add(cell);
  }
  return { cells: shuffle([...chosenCells], draw), releases: [] };
}

/**
 * `interests` sets of the mechanism's size, in random order. The set of a cell is drawn once for a
 * codebook; so are the dummies that fill up. An interest whose release would exceed `cap` becomes a
 * dummy: from then on the mode is `local` with a random shard, and looks the same on the wire.
 */
export function planSets(
  codebook: Codebook,
  vectors: readonly Float32Array[],
  options: {
    readonly interests: number;
    readonly mechanism: SubsetMechanism;
    readonly hash: string;
    readonly cap: number;
    readonly epoch: number;
    readonly state: PrivacyState;
  },
  draw: Draw,
): CellPlan {
  const { interests, mechanism, hash, cap, epoch, state } = options;
  const { size, epsilon } = mechanism;
  const earlierReleases = state.releases.filter(
    (release) => release.codebook === hash && release.set.length === size,
  );
  const setOf = new Map<number, Release>();
  for (const release of earlierReleases)
    if (release.cell !== undefined && !setOf.has(release.cell)) setOf.set(release.cell, release);
  const dummies = earlierReleases.filter(({ cell }) => cell === undefined);
  const releases: Release[] = [];
  const newRelease = (fields: Pick<Release, "epsilon" | "set" | "cell">): Release => {
    const release = { id: newId(), epoch, codebook: hash, ...fields };
    releases.push(release);
    return release;
  };

  let spentEpsilon = lifetimeOf(state);
  const trueCells = new Set(
    vectors.slice(0, interests).map((vector) => nearestCells(codebook, vector, 1)[0]!),
  );
  const sets: (readonly number[])[] = [];
  for (const cell of trueCells) {
    let release = setOf.get(cell);
    if (!release && spentEpsilon + epsilon <= cap) {
      spentEpsilon += epsilon;
      release = newRelease({ cell, epsilon, set: drawSubset(mechanism, cell, draw) });
    }
    if (release) sets.push(release.set);
  }
  for (let index = 0; sets.length < interests; index += 1) {
    const drawSet = (): number[] => drawDistinct(codebook.cells, size, draw).sort((a, b) => a - b);
    sets.push((dummies[index] ?? newRelease({ epsilon: 0, set: drawSet() })).set);
  }
  return { cells: shuffle(sets.flat(), draw), releases };
}

/** `count` random cells, drawn once for a codebook: a shard that is independent of the user. */
export function planShard(
  codebook: Codebook,
  options: { count: number; hash: string; epoch: number; state: PrivacyState },
  draw: Draw,
): CellPlan {
  const { count, hash, epoch, state } = options;
  const size = Math.min(count, codebook.cells);
  const earlierShard = state.releases.find(
    (one) => one.codebook === hash && one.cell === undefined && one.set.length === size,
  );
  if (earlierShard) return { cells: earlierShard.set, releases: [] };
  const set = drawDistinct(codebook.cells, size, draw).sort((a, b) => a - b);
  const release = { id: newId(), epoch, codebook: hash, epsilon: 0, set };
  return { cells: set, releases: [release] };
}

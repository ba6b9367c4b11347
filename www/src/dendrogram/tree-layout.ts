/** Places of the leaves and merges of a tree, and its partition into a number of clusters. */

interface TreeNode {
  /** Position among the leaves: 0 for the first, 1 for the second; merges are between theirs. */
  place: number;
  /** The distance at which its halves were merged; 0 for a leaf. */
  height: number;
  children?: readonly [number, number];
}

export interface TreeLayout {
  /** Leaves 0 to n - 1, then the merges. */
  nodes: readonly TreeNode[];
  /** The leaves from the first place to the last. */
  order: readonly number[];
}

/**
 * `merges` are those of `ward`: [a, b, height, size] by ascending height. Heights become distances
 * (roots). Of two halves the one with the lowest leaf comes first, so that places do not change
 * more than the tree does.
 */
export function layOutTree(leafCount: number, merges: Float64Array): TreeLayout {
  const nodes: TreeNode[] = Array.from({ length: leafCount }, () => ({ place: 0, height: 0 }));
  const lowestLeaf = Array.from({ length: leafCount }, (_, leaf) => leaf);
  for (let at = 0; at < merges.length; at += 4) {
    const [a = 0, b = 0, height = 0] = merges.subarray(at, at + 3);
    const isOrdered = (lowestLeaf[a] ?? 0) < (lowestLeaf[b] ?? 0);
    nodes.push({ place: 0, height: Math.sqrt(height), children: isOrdered ? [a, b] : [b, a] });
    lowestLeaf.push(Math.min(lowestLeaf[a] ?? 0, lowestLeaf[b] ?? 0));
  }
  const order: number[] = [];
  const pending = nodes.length > 0 ? [nodes.length - 1] : [];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const children = nodes[index]?.children;
    if (children === undefined) order.push(index);
    else pending.push(children[1], children[0]);
  }
  for (const [place, leaf] of order.entries()) nodes[leaf] = { place, height: 0 };
  for (const node of nodes) {
    if (node.children === undefined) continue;
    const [a, b] = node.children;
    node.place = ((nodes[a]?.place ?? 0) + (nodes[b]?.place ?? 0)) / 2;
  }
  return { nodes, order };
}

/** A distance at which a cut gives `count` clusters, between two merge heights. */
export function cutDistance({ nodes, order }: TreeLayout, count: number): number {
  const leafCount = order.length;
  const keptHeight = nodes[2 * leafCount - 1 - count]?.height ?? 0;
  const undoneHeight = nodes[2 * leafCount - count]?.height ?? keptHeight * 1.08 + 0.02;
  return count >= leafCount ? undoneHeight / 2 : (keptHeight + undoneHeight) / 2;
}

/** The number of clusters if the merges above `distance` are undone. */
export function countAt({ nodes, order }: TreeLayout, distance: number): number {
  return 1 + nodes.slice(order.length).filter(({ height }) => height > distance).length;
}

/**
 * The cluster of each node, named by the node at its top; undefined for merges above the cut into
 * `count` clusters.
 */
export function clusterTops({ nodes, order }: TreeLayout, count: number): (number | undefined)[] {
  const firstNodeAboveCut = nodes.length - count + 1;
  const tops: (number | undefined)[] = nodes.map(() => undefined);
  for (let index = nodes.length - 1; index >= 0; index -= 1) {
    if (index >= firstNodeAboveCut && index >= order.length) continue;
    tops[index] ??= index;
    for (const child of nodes[index]?.children ?? []) tops[child] = tops[index];
  }
  return tops;
}

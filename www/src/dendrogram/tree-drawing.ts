/** Draws a cut tree as SVG, and relates distances to horizontal positions of the drawing. */
import { createSvg, setHue } from "../dom.js";
import type { CutTree } from "./interest-tree.js";
import { clusterTops, type TreeLayout } from "./tree-layout.js";

/** Width of the tree in SVG user units; it is stretched to the width of its column. */
const WIDTH = 100;
/** Space left of the root, as a share of the width, so that the cut can be beyond it. */
const ROOT_MARGIN = 0.06;

/** What is drawn: a tree, its cut, and the hue of each cluster. */
export interface TreeDrawing {
  layout: TreeLayout;
  cut: CutTree;
  /** Number of clusters of the cut. */
  count: number;
  hues: readonly number[];
  /** Height of a leaf in CSS pixels. */
  rowHeight: number;
}

/** The horizontal position of a distance, as a share of the width: 1 for the leaves. */
export function shareOfDistance(layout: TreeLayout, distance: number): number {
  return 1 - (distance / rootHeight(layout)) * (1 - ROOT_MARGIN);
}

/** The distance at a horizontal position; the inverse of {@link shareOfDistance}. */
export function distanceAtShare(layout: TreeLayout, share: number): number {
  return ((1 - share) / (1 - ROOT_MARGIN)) * rootHeight(layout);
}

function rootHeight({ nodes }: TreeLayout): number {
  return nodes.at(-1)?.height || 1;
}

/** Replaces the content of `svg` by the tree. */
export function drawTree(
  svg: SVGElement,
  { layout, cut, count, hues, rowHeight }: TreeDrawing,
): void {
  const { nodes, order } = layout;
  const height = Math.max(1, order.length) * rowHeight;
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
  svg.setAttribute("height", String(height));
  const tops = clusterTops(layout, count);
  const xOf = (node: number): number => shareOfDistance(layout, nodes[node]?.height ?? 0) * WIDTH;
  const yOf = (node: number): number => ((nodes[node]?.place ?? 0) + 0.5) * rowHeight;
  const paths = new Map<number | undefined, string>();
  for (const [index, { children }] of nodes.entries()) {
    for (const child of children ?? []) {
      // A branch has the colour of its cluster up to the merge, also where the cut crosses it.
      const top = tops[child];
      const path = `M${xOf(index)} ${yOf(index)}V${yOf(child)}H${xOf(child)}`;
      paths.set(top, (paths.get(top) ?? "") + path);
    }
  }
  svg.replaceChildren(
    ...Array.from(paths, ([top, d]) => {
      const path = createSvg("path", { d, class: top === undefined ? "above" : "branch" });
      if (top !== undefined) setHue(path, hues[cut.labels[firstLeaf(layout, top)] ?? 0]);
      return path;
    }),
  );
}

function firstLeaf({ nodes }: TreeLayout, node: number): number {
  let leaf = node;
  for (let children = nodes[leaf]?.children; children; children = nodes[leaf]?.children)
    leaf = children[0];
  return leaf;
}

/**
 * The dendrogram: the user's items as the leaves of their Ward tree, with a cut that can be
 * dragged. Whatever is right of the cut is one interest. The cut is a slider for keyboards and
 * assistive technology.
 */
import type { ItemId } from "pocketsage";
import { createGlyph, createHtml, createSvg, reconcile, setHue } from "../dom.js";
import { formatCount, formatList } from "../format.js";
import { INTEREST_HUES } from "../interest-hues.js";
import { itemById } from "../items.js";
import type { RenderedState, View, ViewContext } from "../view.js";
import type { CutTree, InterestTree } from "./interest-tree.js";
import { clusterTops, countAt, cutDistance, layOutTree, type TreeLayout } from "./tree-layout.js";

/** Width of the tree in SVG user units; it is stretched to the width of its column. */
const WIDTH = 100;
/** Heights of a leaf in CSS pixels: with few items, and with many. */
const ROW_HEIGHT = { roomy: 30, dense: 20 };
const MAX_ROOMY_LEAVES = 24;
/** Space left of the root, as a share of the width, so that the cut can be beyond it. */
const ROOT_MARGIN = 0.06;
const MAX_NAMED = 6;
const LARGE_STEP = 5;

export function createDendrogramView(root: HTMLElement, context: ViewContext): View {
  const { items } = context;
  const handle = createHtml("div", {
    class: "cut-handle",
    role: "slider",
    tabindex: 0,
    "aria-label": "Number of interests",
    "aria-valuemin": 1,
    "aria-valuenow": 1,
    "aria-orientation": "horizontal",
  });
  const line = createHtml("div", { class: "cut-line", "aria-hidden": "true" });
  const clusters = createHtml("ul", {
    class: "cut-interests",
    tabindex: 0, // it scrolls if there are many
    "aria-label": "Interests of this cut",
  });
  const drawing = createSvg("svg", {
    class: "tree",
    preserveAspectRatio: "none",
    "aria-hidden": true,
  });
  const leaves = createHtml("ul", { class: "leaves", "aria-label": "Your items, by the tree" });
  const track = createHtml("div", { class: "cut-track" }, handle);
  const area = createHtml("div", { class: "tree-area" }, drawing, line);
  const body = createHtml("div", { class: "tree-body" }, area, leaves);
  const note = createHtml("p", { class: "muted" });
  root.append(
    createHtml(
      "div",
      { class: "tree-head" },
      note,
      clusters,
      createHtml("div", { class: "cut-row" }, track),
    ),
    body,
  );

  let state: RenderedState | undefined;
  let tree: InterestTree = { items: [], weights: [], merges: new Float64Array() };
  let layout: TreeLayout = { nodes: [], order: [] };
  let cut: CutTree = { labels: new Int32Array(), medoids: new Uint32Array() };
  /** The number of interests that the user has chosen; undefined: as many as the profile has. */
  let chosenCount: number | undefined;
  let shownCount = 0;
  let isCutting = false;

  track.addEventListener("pointerdown", (event) => {
    track.setPointerCapture(event.pointerId);
    dragTo(event);
    handle.focus();
    event.preventDefault();
  });
  track.addEventListener("pointermove", (event) => {
    if (track.hasPointerCapture(event.pointerId)) dragTo(event);
  });
  area.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") return; // a finger scrolls here
    area.setPointerCapture(event.pointerId);
    dragTo(event);
  });
  area.addEventListener("pointermove", (event) => {
    if (area.hasPointerCapture(event.pointerId)) dragTo(event);
  });
  handle.addEventListener("keydown", (event) => {
    const maxCount = tree.items.length;
    const next = {
      ArrowLeft: shownCount - 1,
      ArrowDown: shownCount - 1,
      PageDown: shownCount - LARGE_STEP,
      ArrowRight: shownCount + 1,
      ArrowUp: shownCount + 1,
      PageUp: shownCount + LARGE_STEP,
      Home: 1,
      End: maxCount,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(Math.max(1, Math.min(maxCount, next)));
  });
  leaves.addEventListener("click", ({ target }) => {
    const id = (target as Element).closest<HTMLElement>("[data-key]")?.dataset.key ?? "";
    const item = items.get(id);
    if (item !== undefined) context.open(item);
  });
  leaves.addEventListener("keydown", (event) => {
    const row = (event.target as Element).closest("li");
    let next: Element | null | undefined;
    if (event.key === "ArrowDown") next = row?.nextElementSibling;
    else if (event.key === "ArrowUp") next = row?.previousElementSibling;
    if (!next) return;
    event.preventDefault();
    next.querySelector("button")?.focus();
  });
  leaves.addEventListener("focusin", ({ target }) => {
    leaves.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    (target as HTMLElement).tabIndex = 0;
  });

  return {
    async render(next) {
      state = next;
      tree = await context.call("tree");
      layout = layOutTree(tree.items.length, tree.merges);
      const maxCount = Math.max(1, tree.items.length);
      if (chosenCount !== undefined && chosenCount > maxCount) chosenCount = undefined;
      await showCut(chosenCount ?? Math.min(maxCount, Math.max(1, next.profile.interests.length)));
    },
  };

  function choose(count: number): void {
    chosenCount = count;
    showCut(count).catch(context.onError);
  }

  /** The horizontal position of a distance, in per cent of the width: 100 for the leaves. */
  function percentOf(distance: number): number {
    const rootHeight = layout.nodes.at(-1)?.height || 1;
    return 100 * (1 - (distance / rootHeight) * (1 - ROOT_MARGIN));
  }

  function dragTo({ clientX }: PointerEvent): void {
    const { left, width } = area.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (clientX - left) / width));
    const rootHeight = layout.nodes.at(-1)?.height || 1;
    const distance = ((1 - share) / (1 - ROOT_MARGIN)) * rootHeight;
    moveLine(100 * share);
    const count = countAt(layout, distance);
    if (count !== shownCount) choose(count);
  }

  function moveLine(percent: number): void {
    root.style.setProperty("--cut", `${percent}%`);
  }

  /** Shows a cut. Of the cuts requested while one is computed, only the newest is computed next. */
  async function showCut(count: number): Promise<void> {
    shownCount = count;
    if (isCutting) return;
    isCutting = true;
    try {
      let computed: number;
      do {
        computed = shownCount;
        cut = tree.items.length > 0 ? await context.call("cutTree", tree, computed) : cut;
      } while (computed !== shownCount);
    } finally {
      isCutting = false;
    }
    draw();
  }

  function draw(): void {
    if (state === undefined) return;
    const count = shownCount;
    const hues = huesOf(state);
    const isDense = tree.items.length > MAX_ROOMY_LEAVES;
    const rowHeight = isDense ? ROW_HEIGHT.dense : ROW_HEIGHT.roomy;
    root.style.setProperty("--row-height", `${rowHeight}px`);
    const labels = cut.labels;
    const medoids = new Set(cut.medoids);

    reconcile(
      leaves,
      layout.order.map((leaf) => ({ leaf, id: tree.items[leaf] ?? "" })),
      ({ id }) => id,
      ({ id }) => createLeaf(id),
      (element, { leaf }) => {
        setHue(element, hues[labels[leaf] ?? 0]);
        element.classList.toggle("medoid", medoids.has(leaf));
      },
    );
    if (leaves.querySelector('[tabindex="0"]') === null)
      leaves.querySelector("button")?.setAttribute("tabindex", "0");
    drawTree(rowHeight, hues);

    const names = Array.from(cut.medoids, (leaf) => itemById(items, tree.items[leaf] ?? "").label);
    reconcile(
      clusters,
      Array.from(cut.medoids, (leaf, label) => ({ leaf, label })),
      ({ leaf }) => tree.items[leaf] ?? "",
      ({ leaf }) => {
        const item = itemById(items, tree.items[leaf] ?? "");
        return createHtml("li", { title: item.label }, createGlyph(item), createHtml("span", {}));
      },
      (element, { label }) => {
        setHue(element, hues[label]);
        const size = labels.filter((other) => other === label).length;
        const text = element.querySelector("span:last-child");
        if (text !== null) text.textContent = String(size);
      },
    );
    const namedItems = names.slice(0, MAX_NAMED);
    const rest = names.length - namedItems.length;
    const nameList = formatList([...namedItems, ...(rest > 0 ? [`${rest} more`] : [])]);
    const text = `${formatCount(count, "interest")}: ${nameList}`;
    handle.setAttribute("aria-valuemax", String(Math.max(1, tree.items.length)));
    handle.setAttribute("aria-valuenow", String(count));
    handle.setAttribute("aria-valuetext", text);
    handle.textContent = String(count);
    note.textContent =
      tree.items.length > 1
        ? "Drag the cut: everything to its right that is joined is one interest."
        : "With two items there is a tree.";
    if (!track.matches(":active") && !area.matches(":active"))
      moveLine(percentOf(cutDistance(layout, count)));
  }

  function createLeaf(id: ItemId): HTMLElement {
    const item = itemById(items, id);
    const button = createHtml(
      "button",
      { type: "button", class: "leaf", tabindex: -1, title: item.label },
      createGlyph(item),
      createHtml("span", { class: "leaf-label" }, item.label),
    );
    return createHtml("li", {}, button);
  }

  function drawTree(rowHeight: number, hues: readonly number[]): void {
    const { nodes, order } = layout;
    const height = Math.max(1, order.length) * rowHeight;
    drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
    drawing.setAttribute("height", String(height));
    const tops = clusterTops(layout, shownCount);
    const xOf = (node: number): number => (percentOf(nodes[node]?.height ?? 0) * WIDTH) / 100;
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
    drawing.replaceChildren(
      ...Array.from(paths, ([top, d]) => {
        const path = createSvg("path", { d, class: top === undefined ? "above" : "branch" });
        if (top !== undefined) setHue(path, hues[cut.labels[firstLeaf(top)] ?? 0]);
        return path;
      }),
    );
  }

  function firstLeaf(node: number): number {
    let leaf = node;
    for (
      let children = layout.nodes[leaf]?.children;
      children;
      children = layout.nodes[leaf]?.children
    )
      leaf = children[0];
    return leaf;
  }

  /** A cluster has the hue of the interest of its medoid, unless an earlier cluster has it. */
  function huesOf(rendered: RenderedState): number[] {
    const usedHues = new Set<number>();
    return Array.from(cut.medoids, (leaf, label) => {
      const ownHue = rendered.hueOf(tree.items[leaf] ?? "");
      const unusedHue = INTEREST_HUES.find((hue) => !usedHues.has(hue));
      const hue =
        ownHue !== undefined && !usedHues.has(ownHue)
          ? ownHue
          : (unusedHue ?? INTEREST_HUES[label % INTEREST_HUES.length] ?? 0);
      usedHues.add(hue);
      return hue;
    });
  }
}

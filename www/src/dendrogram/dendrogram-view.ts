/**
 * The dendrogram: the user's items as the leaves of their Ward tree, with a cut that can be
 * dragged. Whatever is right of the cut is one interest. The cut is a slider for keyboards and
 * assistive technology.
 */
import type { ItemId } from "pocketsage";
import { createGlyph, createHtml, createSvg, reconcile, setHue } from "../dom.js";
import { formatCount, formatList } from "../format.js";
import { INTEREST_HUES } from "../interest-hues.js";
import { type Items, itemById } from "../items.js";
import type { RenderedState, View, ViewContext } from "../view.js";
import { bindCutSlider } from "./cut-slider.js";
import type { CutTree, InterestTree } from "./interest-tree.js";
import { distanceAtShare, drawTree, shareOfDistance } from "./tree-drawing.js";
import { countAt, cutDistance, layOutTree, type TreeLayout } from "./tree-layout.js";

/** Heights of a leaf in CSS pixels: with few items, and with many. */
const ROW_HEIGHT = { roomy: 30, dense: 20 };
const MAX_ROOMY_LEAVES = 24;
/** Maximum number of interests that the slider names. */
const MAX_NAMED = 6;

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

  bindCutSlider(
    { handle, track, area },
    {
      drag: dragTo,
      choose,
      counts: () => ({ shown: shownCount, max: tree.items.length }),
    },
  );
  leaves.addEventListener("click", ({ target }) => {
    const id = (target as Element).closest<HTMLElement>("[data-key]")?.dataset.key ?? "";
    const item = items.get(id);
    if (item !== undefined) context.open(item);
  });
  bindLeafKeys(leaves);

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

  /** Moves the cut to a horizontal position, given as a share of the width. */
  function dragTo(share: number): void {
    moveLine(share);
    const count = countAt(layout, distanceAtShare(layout, share));
    if (count !== shownCount) choose(count);
  }

  function moveLine(share: number): void {
    root.style.setProperty("--cut", `${100 * share}%`);
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
    const hues = huesOf(state, tree, cut);
    const isDense = tree.items.length > MAX_ROOMY_LEAVES;
    const rowHeight = isDense ? ROW_HEIGHT.dense : ROW_HEIGHT.roomy;
    root.style.setProperty("--row-height", `${rowHeight}px`);
    drawLeaves(hues);
    drawTree(drawing, { layout, cut, count, hues, rowHeight });
    drawClusters(hues);
    describeCut(count);
    if (!track.matches(":active") && !area.matches(":active"))
      moveLine(shareOfDistance(layout, cutDistance(layout, count)));
  }

  function drawLeaves(hues: readonly number[]): void {
    const medoids = new Set(cut.medoids);
    reconcile(
      leaves,
      layout.order.map((leaf) => ({ leaf, id: tree.items[leaf] ?? "" })),
      ({ id }) => id,
      ({ id }) => createLeaf(items, id),
      (element, { leaf }) => {
        setHue(element, hues[cut.labels[leaf] ?? 0]);
        element.classList.toggle("medoid", medoids.has(leaf));
      },
    );
    if (leaves.querySelector('[tabindex="0"]') === null)
      leaves.querySelector("button")?.setAttribute("tabindex", "0");
  }

  /** The interests of the cut: the medoid and the number of items of each. */
  function drawClusters(hues: readonly number[]): void {
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
        const size = cut.labels.filter((other) => other === label).length;
        const text = element.querySelector("span:last-child");
        if (text !== null) text.textContent = String(size);
      },
    );
  }

  /** States the cut for assistive technology, and on the handle of the slider. */
  function describeCut(count: number): void {
    const names = Array.from(cut.medoids, (leaf) => itemById(items, tree.items[leaf] ?? "").label);
    const namedItems = names.slice(0, MAX_NAMED);
    const rest = names.length - namedItems.length;
    const nameList = formatList([...namedItems, ...(rest > 0 ? [`${rest} more`] : [])]);
    handle.setAttribute("aria-valuemax", String(Math.max(1, tree.items.length)));
    handle.setAttribute("aria-valuenow", String(count));
    handle.setAttribute("aria-valuetext", `${formatCount(count, "interest")}: ${nameList}`);
    handle.textContent = String(count);
    note.textContent =
      tree.items.length > 1
        ? "Drag the cut: everything to its right that is joined is one interest."
        : "With two items there is a tree.";
  }
}

function createLeaf(items: Items, id: ItemId): HTMLElement {
  const item = itemById(items, id);
  const button = createHtml(
    "button",
    { type: "button", class: "leaf", tabindex: -1, title: item.label },
    createGlyph(item),
    createHtml("span", { class: "leaf-label" }, item.label),
  );
  return createHtml("li", {}, button);
}

/** A cluster has the hue of the interest of its medoid, unless an earlier cluster has it. */
function huesOf({ hueOf }: RenderedState, tree: InterestTree, cut: CutTree): number[] {
  const usedHues = new Set<number>();
  return Array.from(cut.medoids, (leaf, label) => {
    const ownHue = hueOf(tree.items[leaf] ?? "");
    const unusedHue = INTEREST_HUES.find((hue) => !usedHues.has(hue));
    const hue =
      ownHue !== undefined && !usedHues.has(ownHue)
        ? ownHue
        : (unusedHue ?? INTEREST_HUES[label % INTEREST_HUES.length] ?? 0);
    usedHues.add(hue);
    return hue;
  });
}

/** Arrow keys move the focus among the leaves; the last focused one is in the tab order. */
function bindLeafKeys(leaves: HTMLElement): void {
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
}

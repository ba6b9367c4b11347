/** The picture of a taste: interests and both lists, as SVG of its own, and from it as PNG. */
import { createSvg } from "./dom.js";
import { formatCount, formatShare } from "./format.js";
import { type Items, itemById } from "./items.js";
import type { RenderedState } from "./view.js";

/** Size in pixels: the format of previews in most chat programs. */
const WIDTH = 1200;
const HEIGHT = 630;
const MARGIN = 56;
const MAX_INTERESTS = 6;
const MAX_PICKS = 8;
const MAX_NAME_LENGTH = 16;
/** Pixels of the PNG for each of the SVG. */
const PNG_SCALE = 2;

const SANS = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif";
const SERIF = "'Iowan Old Style', Palatino, 'Palatino Linotype', P052, Georgia, serif";

/** The picture in the colours of the page. */
export function drawTaste(items: Items, state: RenderedState): SVGSVGElement {
  const colour = createColourReader();
  const { interests, actions } = state.profile;
  const shown = interests.slice(0, MAX_INTERESTS);
  const columnWidth = (WIDTH - 2 * MARGIN) / Math.max(shown.length, 3);
  const text = (
    x: number,
    y: number,
    size: number,
    content: string,
    attributes: Record<string, string | number> = {},
  ): SVGElement => {
    const fonts = { "font-family": SANS, "font-size": size, fill: colour("--text") };
    return createSvg("text", { x, y, ...fonts, ...attributes }, content);
  };
  const muted = { fill: colour("--text-muted") };
  const drawTile = (x: number, y: number, size: number, id: string): SVGElement[] => {
    const hue = state.hueOf(id);
    const { glyph, isMonogram } = itemById(items, id);
    const fill = hue === undefined ? colour("--surface-inset") : colour("--hue-faint", hue);
    const glyphSize = size * (isMonogram ? 0.36 : 0.58);
    const centred = { "text-anchor": "middle", "dominant-baseline": "central" };
    return [
      createSvg("rect", { x, y, width: size, height: size, rx: size / 4, fill }),
      text(x + size / 2, y + size * 0.53, glyphSize, glyph, centred),
    ];
  };
  const cards = shown.flatMap((interest, index) => {
    const x = MARGIN + index * columnWidth;
    const hue = state.hues[index] ?? 0;
    const width = columnWidth - 16;
    const { label, glyph, isMonogram } = itemById(items, interest.medoid);
    const name = label.length > MAX_NAME_LENGTH ? `${label.slice(0, MAX_NAME_LENGTH)}…` : label;
    const nameSize = shown.length > 4 ? 17 : 22;
    const share = formatShare(interest.importance);
    return [
      createSvg("rect", {
        x,
        y: 132,
        width,
        height: 190,
        rx: 22,
        fill: colour("--hue-faint", hue),
      }),
      text(x + 22, 200, isMonogram ? 34 : 54, glyph),
      text(x + 22, 250, nameSize, name, { "font-family": SERIF }),
      text(x + 22, 292, 30, share, { fill: colour("--hue-text", hue), "font-weight": 300 }),
    ];
  });
  const rows = [
    { title: "Several interests", list: state.several, y: 366 },
    { title: "One average", list: state.average, y: 470 },
  ].flatMap(({ title, list, y }) => {
    const reachedCount = new Set(list.entries.map(({ because }) => because.medoid)).size;
    return [
      text(MARGIN, y + 36, 22, title, { "font-family": SERIF }),
      text(
        MARGIN,
        y + 64,
        16,
        `reaches ${reachedCount} of ${interests.length}, ${list.likeness.toFixed(2)} alike`,
        muted,
      ),
      ...list.entries.slice(0, MAX_PICKS).flatMap(({ item, because }, index) => {
        const size = 84;
        const x = MARGIN + 210 + index * (size + 14);
        const [background, glyph] = drawTile(x, y, size, item);
        const hue = because.medoid === undefined ? undefined : state.hueOf(because.medoid);
        if (hue !== undefined) background?.setAttribute("fill", colour("--hue-faint", hue));
        return [background, glyph].filter((element) => element !== undefined);
      }),
    ];
  });
  const interestCount = formatCount(interests.length, "interest");
  const summary = `${interestCount} in ${formatCount(actions, "action")}`;
  return createSvg(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width: WIDTH,
      height: HEIGHT,
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    },
    createSvg("rect", { width: WIDTH, height: HEIGHT, fill: colour("--background") }),
    text(MARGIN, 84, 40, "My taste", { "font-family": SERIF }),
    text(WIDTH - MARGIN, 84, 20, summary, { ...muted, "text-anchor": "end" }),
    ...cards,
    ...rows,
    text(MARGIN, 600, 17, "PocketSage: recommendations that learn on the user’s device", muted),
  ) as SVGSVGElement;
}

export function svgBlob(svg: SVGSVGElement): Blob {
  return new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
}

/** The SVG as PNG, at twice its size. Rejects if the browser cannot draw it. */
export async function pngBlob(svg: SVGSVGElement): Promise<Blob> {
  const image = new Image();
  const url = URL.createObjectURL(svgBlob(svg));
  try {
    image.src = url;
    await image.decode();
    const { width, height } = image;
    const canvas = document.createElement("canvas");
    canvas.width = width * PNG_SCALE;
    canvas.height = height * PNG_SCALE;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (png === null) throw new Error("The browser gave no PNG");
    return png;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * Returns a function that gives a variable of palette.css as "rgb(...)", in the scheme of the page:
 * other programs read neither `oklch` nor `light-dark`.
 */
function createColourReader(): (variable: string, hue?: number) => string {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  queueMicrotask(() => probe.remove());
  return (variable, hue) => {
    if (hue !== undefined) {
      probe.dataset.hue = String(hue);
      probe.style.setProperty("--hue", String(hue));
    }
    probe.style.color = `var(${variable})`;
    if (context === null) return getComputedStyle(probe).color;
    context.fillStyle = getComputedStyle(probe).color;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    return `rgb(${red}, ${green}, ${blue})`;
  };
}

/**
 * Small pictures that are drawn once and then copied: text is slow to draw, emoji more so, and
 * circles are too.
 */

/** Cache size, at which all sprites are deleted: a view of any map has some hundred. */
const MAX_SPRITES = 3000;

export class Sprites {
  readonly #sprites = new Map<string, HTMLCanvasElement>();

  has(key: string): boolean {
    return this.#sprites.has(key);
  }

  /** The picture of this key; `create` draws it if there is none. */
  of(key: string, create: () => HTMLCanvasElement): HTMLCanvasElement {
    let sprite = this.#sprites.get(key);
    if (sprite === undefined) {
      if (this.#sprites.size >= MAX_SPRITES) this.#sprites.clear();
      sprite = create();
      this.#sprites.set(key, sprite);
    }
    return sprite;
  }
}

let ruler: CanvasRenderingContext2D | null | undefined;

/** The width of a text in pixels. */
function widthOf(text: string, font: string): number {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (ruler === null) return 0;
  ruler.font = font;
  return ruler.measureText(text).width;
}

/** An empty canvas in CPU memory, as that of the map is: copies between both are fast. */
function createCanvas(width: number, height: number) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.ceil(width));
  canvas.height = Math.max(1, Math.ceil(height));
  return { canvas, context: canvas.getContext("2d", { willReadFrequently: true }) };
}

/** A text in the middle of its picture. `size` is that of the font, in pixels. */
export function createTextSprite(
  text: string,
  font: string,
  size: number,
  colour: string,
): HTMLCanvasElement {
  const { canvas, context } = createCanvas(widthOf(text, font) + 4, size * 1.5);
  if (context === null) return canvas;
  context.font = font;
  context.fillStyle = colour;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, canvas.width / 2, canvas.height / 2);
  return canvas;
}

/** A text with a halo, `halo` pixels wide on each side of the text. */
export function createLabelSprite(
  text: string,
  font: string,
  size: number,
  colour: string,
  halo: { width: number; colour: string },
): HTMLCanvasElement {
  const width = widthOf(text, font) + 2 * halo.width;
  const { canvas, context } = createCanvas(width, size * 1.3 + 2 * halo.width);
  if (context === null) return canvas;
  context.font = font;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.lineJoin = "round";
  context.lineWidth = 2 * halo.width;
  context.strokeStyle = halo.colour;
  context.strokeText(text, canvas.width / 2, halo.width);
  context.fillStyle = colour;
  context.fillText(text, canvas.width / 2, halo.width);
  return canvas;
}

/** Concentric circles. Radii, widths and dashes in pixels. */
export function createRingSprite(
  rings: readonly {
    radius: number;
    width: number;
    colour: string;
    fill?: string;
    dash?: readonly number[];
  }[],
): HTMLCanvasElement {
  const reach = Math.max(...rings.map(({ radius, width }) => radius + width / 2));
  const side = 2 * Math.ceil(reach + 1);
  const { canvas, context } = createCanvas(side, side);
  if (context === null) return canvas;
  for (const { radius, width, colour, fill, dash } of rings) {
    context.beginPath();
    context.arc(side / 2, side / 2, radius, 0, 2 * Math.PI);
    if (fill !== undefined) {
      context.fillStyle = fill;
      context.fill();
    }
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash([...(dash ?? [])]);
    context.stroke();
  }
  return canvas;
}

/**
 * Draws points into the pixels of a canvas. 20,000 discs take a few milliseconds on any device:
 * neither a path for each nor a GPU is needed, and there is one implementation to test.
 */

export type Colour = readonly [red: number, green: number, blue: number];

/** Radii of discs have steps of this many device pixels, so that few masks are computed. */
const RADIUS_STEP = 0.25;

interface Mask {
  /** Width and height in pixels. */
  readonly size: number;
  /** Coverage of each pixel, 0 to 256. */
  readonly coverage: Uint16Array;
}

const masks = new Map<number, Mask>();

/** A picture that is filled with `background` and then holds the points that were added. */
export class PointPicture {
  readonly #image: ImageData;
  readonly #pixels: Uint32Array;

  constructor(width: number, height: number) {
    this.#image = new ImageData(width, height);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
  }

  get width(): number {
    return this.#image.width;
  }

  get height(): number {
    return this.#image.height;
  }

  clear(background: Colour): void {
    this.#pixels.fill(packed(background));
  }

  /** Adds a disc around (x, y), in device pixels. Discs outside of the picture are skipped. */
  add(x: number, y: number, radius: number, [red, green, blue]: Colour): void {
    const { size, coverage } = maskOf(radius);
    const left = Math.round(x - size / 2);
    const top = Math.round(y - size / 2);
    const { width, height } = this.#image;
    if (left < 0 || top < 0 || left + size > width || top + size > height) return;
    const pixels = this.#pixels;
    let at = 0;
    for (let row = top; row < top + size; row += 1) {
      let pixel = row * width + left;
      for (let column = 0; column < size; column += 1, pixel += 1, at += 1) {
        const share = coverage[at] ?? 0;
        if (share === 0) continue;
        const old = pixels[pixel] ?? 0;
        const r = old & 255;
        const g = (old >> 8) & 255;
        const b = (old >> 16) & 255;
        pixels[pixel] =
          0xff000000 |
          ((b + (((blue - b) * share) >> 8)) << 16) |
          ((g + (((green - g) * share) >> 8)) << 8) |
          (r + (((red - r) * share) >> 8));
      }
    }
  }

  draw(context: CanvasRenderingContext2D): void {
    context.putImageData(this.#image, 0, 0);
  }
}

/** Bytes red, green, blue, alpha as one little-endian number. */
function packed([red, green, blue]: Colour): number {
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

/** The coverage of a disc by 4 x 4 samples a pixel. */
function maskOf(radius: number): Mask {
  const step = Math.max(1, Math.round(radius / RADIUS_STEP));
  const knownMask = masks.get(step);
  if (knownMask !== undefined) return knownMask;
  const exactRadius = step * RADIUS_STEP;
  const size = 2 * Math.ceil(exactRadius);
  const coverage = Uint16Array.from({ length: size * size }, (_, pixel) => {
    let inside = 0;
    for (let sample = 0; sample < 16; sample += 1) {
      const x = (pixel % size) + ((sample % 4) + 0.5) / 4 - size / 2;
      const y = Math.floor(pixel / size) + (Math.floor(sample / 4) + 0.5) / 4 - size / 2;
      if (x * x + y * y <= exactRadius * exactRadius) inside += 1;
    }
    return inside * 16;
  });
  const mask = { size, coverage };
  masks.set(step, mask);
  return mask;
}

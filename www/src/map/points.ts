/**
 * Draws points into the pixels of a canvas. 20,000 discs take less than a millisecond: neither a
 * path for each nor a GPU is needed, and there is one implementation to test.
 */

export type Colour = readonly [red: number, green: number, blue: number];

/** Radii of discs have steps of this many device pixels, so that few masks are computed. */
const RADIUS_STEP = 0.25;
/** Pixels drawn beyond each edge of the canvas, so that discs at the edge are complete. */
const EDGE_MARGIN = 16;
/** As EDGE_MARGIN, while the map is panned: the next frames copy these pixels into view. */
const PAN_REACH = 144;

/** The pixels of a disc that are not empty. */
interface Mask {
  /** Width and height in pixels. */
  readonly size: number;
  readonly columns: Uint8Array;
  readonly rows: Uint8Array;
  /** Coverage of each pixel, 1 to 256. */
  readonly coverage: Uint16Array;
}

/** The points of a picture, in their order. */
export interface Points {
  readonly background: Colour;
  /** n places (x, y), their radius in device pixels and their colour. */
  readonly places: Float32Array;
  readonly radius: number;
  readonly colour: Colour;
  /** Rows of `places` that are drawn again above the others. */
  readonly accents: readonly { row: number; radius: number; colour: Colour }[];
}

const masks = new Map<number, Mask>();

/** The points of the map. A frame with the scale of the frame before copies its pixels. */
export class PointLayer {
  readonly #width: number;
  readonly #height: number;
  readonly #image: ImageData;
  readonly #pixels: Uint32Array;
  /** State of the pixels: points, scale, offset, and valid pixels beyond each edge. */
  #points: Points | undefined;
  #scale = 0;
  #left = 0;
  #top = 0;
  #reach = 0;

  /** `width` and `height` are those of the canvas. */
  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.#image = new ImageData(width + 2 * PAN_REACH, height + 2 * PAN_REACH);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
  }

  fits(width: number, height: number): boolean {
    return this.#width === width && this.#height === height;
  }

  /**
   * Draws over the whole canvas. A place (x, y) is at `left + x * scale` and `top + y * scale`.
   * The same `points` object as in the frame before means unchanged points.
   */
  draw(
    context: CanvasRenderingContext2D,
    points: Points,
    scale: number,
    left: number,
    top: number,
  ): void {
    const isPanned = points === this.#points && scale === this.#scale;
    let dx = Math.round(left - this.#left);
    let dy = Math.round(top - this.#top);
    if (!isPanned || Math.max(Math.abs(dx), Math.abs(dy)) > this.#reach - EDGE_MARGIN) {
      this.#points = points;
      this.#scale = scale;
      this.#left = left;
      this.#top = top;
      this.#reach = isPanned ? PAN_REACH : EDGE_MARGIN;
      this.#redraw(points);
      dx = 0;
      dy = 0;
    }
    const x = PAN_REACH - dx;
    const y = PAN_REACH - dy;
    context.putImageData(this.#image, -x, -y, x, y, this.#width, this.#height);
  }

  #redraw({ background, places, radius, colour, accents }: Points): void {
    const margin = PAN_REACH - this.#reach;
    const stride = this.#image.width;
    const fill = packed(background);
    for (let row = margin; row < this.#image.height - margin; row += 1)
      this.#pixels.fill(fill, row * stride + margin, (row + 1) * stride - margin);
    this.#addDiscs(places, radius, colour, background);
    for (const accent of accents) {
      const place = places.subarray(2 * accent.row, 2 * accent.row + 2);
      this.#addDiscs(place, accent.radius, accent.colour, background);
    }
  }

  /** Adds a disc around each place. Discs that are not wholly within reach are skipped. */
  #addDiscs(places: Float32Array, radius: number, colour: Colour, background: Colour): void {
    const mask = maskOf(radius);
    const { size, columns, rows, coverage } = mask;
    const { width: stride, height } = this.#image;
    const pixels = this.#pixels;
    const count = coverage.length;
    const offsets = Int32Array.from(coverage, (_, at) => rows[at]! * stride + columns[at]!);
    // Most discs cover only background: their pixels are the same for all of them.
    const empty = packed(background);
    const onEmpty = Uint32Array.from(coverage, (share) => blend(empty, colour, share));
    const margin = PAN_REACH - this.#reach;
    const endX = stride - margin - size + 1;
    const endY = height - margin - size + 1;
    const scale = this.#scale;
    const left = PAN_REACH + this.#left - size / 2 + 0.5;
    const top = PAN_REACH + this.#top - size / 2 + 0.5;
    for (let at = 0; at < places.length; at += 2) {
      const x = left + places[at]! * scale;
      const y = top + places[at + 1]! * scale;
      if (!(x >= margin && x < endX && y >= margin && y < endY)) continue;
      const start = Math.floor(y) * stride + Math.floor(x);
      for (let k = 0; k < count; k += 1) {
        const pixel = start + offsets[k]!;
        const old = pixels[pixel]!;
        pixels[pixel] = old === empty ? onEmpty[k]! : blend(old, colour, coverage[k]!);
      }
    }
  }
}

/** Bytes red, green, blue, alpha as one little-endian number. */
function packed([red, green, blue]: Colour): number {
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Alpha-blends a colour over the packed colour `old`; `share` is the alpha, 0 to 256. */
function blend(old: number, [red, green, blue]: Colour, share: number): number {
  const r = old & 255;
  const g = (old >> 8) & 255;
  const b = (old >> 16) & 255;
  return (
    (0xff000000 |
      ((b + (((blue - b) * share) >> 8)) << 16) |
      ((g + (((green - g) * share) >> 8)) << 8) |
      (r + (((red - r) * share) >> 8))) >>>
    0
  );
}

/** The coverage of a disc by 4 x 4 samples a pixel. */
function maskOf(radius: number): Mask {
  const step = Math.max(1, Math.round(radius / RADIUS_STEP));
  const knownMask = masks.get(step);
  if (knownMask !== undefined) return knownMask;
  const exactRadius = step * RADIUS_STEP;
  const size = 2 * Math.ceil(exactRadius);
  const pixels = Array.from({ length: size * size }, (_, pixel) => {
    const column = pixel % size;
    const row = Math.floor(pixel / size);
    let inside = 0;
    for (let sample = 0; sample < 16; sample += 1) {
      const x = column + ((sample % 4) + 0.5) / 4 - size / 2;
      const y = row + (Math.floor(sample / 4) + 0.5) / 4 - size / 2;
      if (x * x + y * y <= exactRadius * exactRadius) inside += 1;
    }
    return { column, row, coverage: inside * 16 };
  }).filter(({ coverage }) => coverage > 0);
  const mask = {
    size,
    columns: Uint8Array.from(pixels, ({ column }) => column),
    rows: Uint8Array.from(pixels, ({ row }) => row),
    coverage: Uint16Array.from(pixels, ({ coverage }) => coverage),
  };
  masks.set(step, mask);
  return mask;
}

/** What the map shows, and how it is drawn: points, glyphs, rings, links and labels. */
import type { ItemId } from "pocketsage";
import { type Items, itemById } from "../items.js";
import type { RenderedState } from "../view.js";
import type { Camera } from "./camera.js";
import type { MapColours } from "./colours.js";
import { PointLayer, type Points } from "./points.js";
import { createLabelSprite, createRingSprite, createTextSprite, Sprites } from "./sprites.js";

/** An item of the user, or a recommendation. */
export interface Mark {
  row: number;
  /** The hue of its interest. */
  hue: number | undefined;
  kind: "medoid" | "own" | "pick";
  /** For a recommendation, the row of its reason. */
  reason?: number;
}

export interface Scene {
  ids: readonly ItemId[];
  /** n places (x, y). */
  places: Float32Array;
  marks: readonly Mark[];
  /** The row under the pointer or the keyboard's cursor. */
  selected: number | undefined;
}

/** Sizes in CSS pixels. */
const GLYPH_SIZE = { medoid: 30, own: 20, pick: 20, other: 15 };
const LABEL_FONT_SIZE = 11;
const RING_WIDTH = 2.5;
/**
 * The map is divided into cells. One item per cell at most has a glyph or a text,
 * beside the marks; no two of them overlap.
 */
const GLYPH_CELL = { width: 28, height: 28 };
const TEXT_CELL = { width: 104, height: 30 };
const MAX_TEXT_LENGTH = 16;
/** Side of the cells around marks that have no other glyph. */
const MARK_CELL = 34;
const SYSTEM_FONT = "system-ui, sans-serif";
/** A cell's number is column * CELL_STRIDE + row; the steps lead to the eight cells around it. */
const CELL_STRIDE = 100_003;
const NEIGHBOUR_CELLS = [-1, 0, 1].flatMap((column) =>
  [-1, 0, 1].map((row) => column * CELL_STRIDE + row).filter((step) => step !== 0),
);
/** If more marks are in sight, only medoids have glyphs and labels; the others are dots. */
const MAX_DETAILED_MARKS = 40;
/** Size of the glyphs of medoids if more than MAX_DETAILED_MARKS are in sight. */
const SMALL_MEDOID_SIZE = 23;
/** Time per frame to draw new texts other than those of marks, in milliseconds. */
const NEW_TEXTS_MS = 3;
/** Radius of the user's items without glyphs, beyond that of other points. */
const OWN_DOT_GROWTH = 2.5;

/** The marks of a state: own items, medoids last, and recommendations with their reasons. */
export function marksOf(state: RenderedState, rowOf: ReadonlyMap<ItemId, number>): Mark[] {
  const { interests } = state.profile;
  const medoids = new Set(interests.map(({ medoid }) => medoid));
  const marks: Mark[] = [];
  const add = (
    item: ItemId,
    kind: Mark["kind"],
    hue: number | undefined,
    reason?: ItemId,
  ): void => {
    const row = rowOf.get(item);
    const reasonRow = reason === undefined ? undefined : rowOf.get(reason);
    if (row !== undefined)
      marks.push({ row, hue, kind, ...(reasonRow !== undefined && { reason: reasonRow }) });
  };
  for (const { item, because } of state.several.entries) {
    const reason = because.nearest[0] ?? because.medoid;
    add(item, "pick", reason === undefined ? undefined : state.hueOf(reason), reason);
  }
  for (const [index, { items, medoid }] of interests.entries()) {
    for (const item of items) if (!medoids.has(item)) add(item, "own", state.hues[index]);
    add(medoid, "medoid", state.hues[index]);
  }
  return marks;
}

/** Maps places to device pixels: (left + x * scale, top + y * scale). */
interface Projection {
  readonly places: Float32Array;
  readonly scale: number;
  readonly left: number;
  readonly top: number;
  /** Device pixels per CSS pixel. */
  readonly ratio: number;
}

/** Draws scenes into one canvas. */
export class MapPainter {
  readonly #context: CanvasRenderingContext2D;
  readonly #items: Items;
  readonly #glyphFont: string;
  readonly #sprites = new Sprites();
  readonly #spacedRows = new Map<number, readonly number[]>();
  /** Deadline for new texts in this frame, and whether a text was left for the next. */
  #newTextsEnd = 0;
  #isComplete = true;
  #layer = new PointLayer(1, 1);
  #points: Points | undefined;
  #pointsKey: readonly unknown[] = [];
  #spacedPlaces: Float32Array | undefined;

  constructor(context: CanvasRenderingContext2D, items: Items, glyphFont: string) {
    this.#context = context;
    this.#items = items;
    this.#glyphFont = glyphFont;
  }

  /** Returns whether the picture is complete: further glyphs come with the next frames. */
  paint(scene: Scene, camera: Camera, colours: MapColours, ratio: number): boolean {
    this.#newTextsEnd = performance.now() + NEW_TEXTS_MS;
    this.#isComplete = true;
    const context = this.#context;
    const { width, height } = context.canvas;
    if (!this.#layer.fits(width, height)) this.#layer = new PointLayer(width, height);
    const { places, marks, selected } = scene;
    const scale = camera.scale * ratio;
    const left = width / 2 - camera.x * scale;
    const top = height / 2 - camera.y * scale;
    const projection = { places, scale, left, top, ratio };
    const margin = 40 * ratio;
    const isVisible = (row: number): boolean => {
      const x = xOf(projection, row);
      const y = yOf(projection, row);
      return x > -margin && y > -margin && x < width + margin && y < height + margin;
    };

    const visible = marks.filter(({ row }) => isVisible(row));
    const isDetailed = visible.length <= MAX_DETAILED_MARKS;
    const radius = pointRadius(camera.scale, scene.ids.length) * ratio;
    this.#layer.draw(context, this.#pointsOf(scene, radius, colours, ratio), scale, left, top);

    const detailedMarks = isDetailed ? visible : visible.filter(({ kind }) => kind === "medoid");
    const cell = MARK_CELL * ratio;
    const columns = Math.ceil(width / cell) + 8;
    const cellOf = (row: number): number =>
      Math.round(yOf(projection, row) / cell) * columns + Math.round(xOf(projection, row) / cell);
    const takenCells = new Set<number>();
    for (const { row } of detailedMarks)
      for (const dx of [-1, 0, 1])
        for (const dy of [-1, 0, 1]) takenCells.add(cellOf(row) + dy * columns + dx);
    for (const row of this.#spaced(scene, camera.scale))
      if (isVisible(row) && !takenCells.has(cellOf(row)))
        this.#drawOther(scene, row, projection, colours.muted);

    this.#drawLinks(marks, colours, projection);
    for (const { row, kind, hue } of detailedMarks) {
      const colour = hue === undefined ? colours.muted : colours.interest(hue).css;
      const size =
        (kind === "medoid" && !isDetailed ? SMALL_MEDOID_SIZE : GLYPH_SIZE[kind]) * ratio;
      const x = xOf(projection, row);
      const y = yOf(projection, row);
      this.#drawBack(x, y, size, kind, colour, colours.halo, ratio);
      this.#drawGlyph(scene, row, x, y, size * 0.8, colours.text);
    }
    this.#drawLabels(scene, detailedMarks, selected, colours, projection);
    return this.#isComplete;
  }

  /** All points, and the user's in the colour of their interest; the same object if unchanged. */
  #pointsOf({ places, marks }: Scene, radius: number, colours: MapColours, ratio: number): Points {
    const key = [places, marks, radius, colours, ratio];
    if (this.#points !== undefined && key.every((value, at) => value === this.#pointsKey[at]))
      return this.#points;
    const accentRadius = radius + OWN_DOT_GROWTH * ratio;
    const accents = marks.flatMap(({ row, hue, kind }) =>
      hue === undefined || kind === "pick"
        ? []
        : [{ row, radius: accentRadius, colour: colours.interest(hue).fill }],
    );
    this.#pointsKey = key;
    this.#points = {
      background: colours.background,
      places,
      radius,
      colour: colours.item,
      accents,
    };
    return this.#points;
  }

  /** One row for each cell of the map at this scale. Independent of the camera's position. */
  #spaced({ places, ids }: Scene, scale: number): readonly number[] {
    if (this.#spacedPlaces !== places) {
      this.#spacedPlaces = places;
      this.#spacedRows.clear();
    }
    // One set for each half step of the scale, so that glyphs do not flicker while it changes.
    const level = Math.floor(Math.log2(scale) * 2);
    const knownRows = this.#spacedRows.get(level);
    if (knownRows !== undefined) return knownRows;
    const isText = itemById(this.#items, ids[0] ?? "").isMonogram;
    const { width, height } = isText ? TEXT_CELL : GLYPH_CELL;
    const unit = 2 ** (level / 2);
    const rows: number[] = [];
    const rowOfCell = new Map<number, number>();
    const xAt = (row: number): number => (places[2 * row] ?? 0) * unit;
    const yAt = (row: number): number => (places[2 * row + 1] ?? 0) * unit;
    const overlaps = (row: number, cell: number): boolean => {
      const other = rowOfCell.get(cell);
      if (other === undefined) return false;
      const dx = Math.abs(xAt(row) - xAt(other));
      const dy = Math.abs(yAt(row) - yAt(other));
      return dx < width && dy < height;
    };
    for (let row = 0; row < ids.length; row += 1) {
      const cell = Math.floor(xAt(row) / width) * CELL_STRIDE + Math.floor(yAt(row) / height);
      // Items that this device cannot draw are points.
      if (rowOfCell.has(cell) || !this.#items.has(ids[row] ?? "")) continue;
      if (NEIGHBOUR_CELLS.some((step) => overlaps(row, cell + step))) continue;
      rowOfCell.set(cell, row);
      rows.push(row);
    }
    this.#spacedRows.set(level, rows);
    return rows;
  }

  /**
   * An item that is no mark: its emoji, or its label as small text. `colour` is that of text; emoji
   * have their own.
   */
  #drawOther(scene: Scene, row: number, projection: Projection, colour: string): void {
    const { ratio } = projection;
    const item = itemById(this.#items, scene.ids[row] ?? "");
    const text = item.isMonogram ? item.label.slice(0, MAX_TEXT_LENGTH) : item.glyph;
    const size = (item.isMonogram ? LABEL_FONT_SIZE : GLYPH_SIZE.other) * ratio;
    const y = yOf(projection, row) + (item.isMonogram ? 9 * ratio : 0);
    this.#drawText(text, xOf(projection, row), y, size, colour, true);
  }

  /** The glyph of a mark, within a circle of diameter `size`. */
  #drawGlyph(scene: Scene, row: number, x: number, y: number, size: number, colour: string): void {
    const { glyph, isMonogram } = itemById(this.#items, scene.ids[row] ?? "");
    this.#drawText(glyph, x, y, size * (isMonogram ? 0.62 : 0.86), colour);
  }

  #drawText(
    text: string,
    x: number,
    y: number,
    size: number,
    colour: string,
    canWait = false,
  ): void {
    const fontSize = Math.max(1, Math.round(size));
    const key = `${fontSize} ${colour} ${text}`;
    if (canWait && !this.#sprites.has(key) && performance.now() > this.#newTextsEnd) {
      this.#isComplete = false;
      return;
    }
    const sprite = this.#sprites.of(key, () => {
      const isText = /^[\p{L}\p{N}]/u.test(text);
      const font = `${fontSize}px ${isText ? SYSTEM_FONT : this.#glyphFont}`;
      return createTextSprite(text, font, fontSize, colour);
    });
    this.#drawSprite(sprite, x, y);
  }

  /** Draws a sprite around (x, y), at whole pixels. */
  #drawSprite(sprite: HTMLCanvasElement, x: number, y: number): void {
    const { width, height } = sprite;
    this.#context.drawImage(sprite, Math.round(x - width / 2), Math.round(y - height / 2));
  }

  #drawBack(
    x: number,
    y: number,
    size: number,
    kind: Mark["kind"],
    colour: string,
    fill: string,
    ratio: number,
  ): void {
    const sprite = this.#sprites.of(`ring ${kind} ${size} ${colour} ${fill}`, () => {
      const radius = size * 0.62;
      const dash = kind === "pick" ? [3 * ratio, 2.5 * ratio] : [];
      const width = (kind === "medoid" ? RING_WIDTH : 1.5) * ratio;
      const inner = { radius, width, colour, fill, dash };
      const outer = { radius: radius + 3.5 * ratio, width: ratio, colour };
      return createRingSprite(kind === "medoid" ? [inner, outer] : [inner]);
    });
    this.#drawSprite(sprite, x, y);
  }

  #drawLinks(marks: readonly Mark[], colours: MapColours, projection: Projection): void {
    const context = this.#context;
    context.lineWidth = 1.25 * projection.ratio;
    for (const { row, reason, hue } of marks) {
      if (reason === undefined) continue;
      const x = xOf(projection, row);
      const y = yOf(projection, row);
      const endX = xOf(projection, reason);
      const endY = yOf(projection, reason);
      context.strokeStyle = hue === undefined ? colours.muted : colours.interest(hue).css;
      context.beginPath();
      context.moveTo(x, y);
      // Links are slightly curved, so that those between the same regions can be distinguished.
      context.quadraticCurveTo(
        (x + endX) / 2 + (endY - y) / 8,
        (y + endY) / 2 - (endX - x) / 8,
        endX,
        endY,
      );
      context.stroke();
    }
  }

  #drawLabels(
    scene: Scene,
    marks: readonly Mark[],
    selected: number | undefined,
    colours: MapColours,
    projection: Projection,
  ): void {
    const context = this.#context;
    const { ratio } = projection;
    const fontSize = LABEL_FONT_SIZE * ratio;
    const halo = { width: 1.5 * ratio, colour: colours.halo };
    const boxes: [left: number, top: number, right: number, bottom: number][] = [];
    const priority = { medoid: 0, own: 1, pick: 2 };
    const entries = marks.map(({ row, kind }) => ({ row, kind: kind as Mark["kind"] }));
    entries.sort((a, b) => priority[a.kind] - priority[b.kind]);
    if (selected !== undefined) {
      const mark = scene.marks.find(({ row }) => row === selected);
      entries.unshift({ row: selected, kind: mark?.kind ?? "own" });
      context.beginPath();
      const size = mark === undefined ? GLYPH_SIZE.other : GLYPH_SIZE[mark.kind];
      const x = xOf(projection, selected);
      const y = yOf(projection, selected);
      context.arc(x, y, (size * 0.62 + 4) * ratio, 0, 2 * Math.PI);
      context.strokeStyle = colours.text;
      context.lineWidth = 2 * ratio;
      context.stroke();
    }
    for (const { row, kind } of entries) {
      const { label } = itemById(this.#items, scene.ids[row] ?? "");
      const text = label.length > 24 ? `${label.slice(0, 23)}…` : label;
      const colour = kind === "pick" ? colours.muted : colours.text;
      const sprite = this.#sprites.of(`label ${fontSize} ${colour} ${halo.colour} ${text}`, () =>
        createLabelSprite(text, `${fontSize}px ${SYSTEM_FONT}`, fontSize, colour, halo),
      );
      const halfWidth = sprite.width / 2;
      // Labels of items at the edge stay within the picture.
      const x = Math.min(
        Math.max(xOf(projection, row), halfWidth),
        context.canvas.width - halfWidth,
      );
      const top = yOf(projection, row) + (GLYPH_SIZE[kind] * 0.62 + 4) * ratio;
      const bottom = top + fontSize * 1.2;
      const isFree = boxes.every(
        (box) =>
          x + halfWidth < box[0] || x - halfWidth > box[2] || bottom < box[1] || top > box[3],
      );
      if (!isFree) continue;
      boxes.push([x - halfWidth, top, x + halfWidth, bottom]);
      this.#drawSprite(sprite, x, top - halo.width + sprite.height / 2);
    }
  }
}

function xOf({ places, scale, left }: Projection, row: number): number {
  return left + (places[2 * row] ?? 0) * scale;
}

function yOf({ places, scale, top }: Projection, row: number): number {
  return top + (places[2 * row + 1] ?? 0) * scale;
}

/** The radius of a point in CSS pixels: smaller for many items, larger when the map is closer. */
function pointRadius(scale: number, count: number): number {
  let base = 2;
  if (count > 8000) base = 1;
  else if (count > 3000) base = 1.4;
  return Math.min(5, base * Math.max(1, Math.sqrt(scale / 320)));
}

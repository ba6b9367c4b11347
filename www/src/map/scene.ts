/** What the map shows, and how it is drawn: points, glyphs, rings, links and labels. */
import type { ItemId } from "pocketsage";
import { type Items, itemById } from "../items.js";
import type { RenderedState } from "../view.js";
import type { Camera } from "./camera.js";
import type { MapColours } from "./colours.js";
import { PointPicture } from "./points.js";

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
/** The map is divided into cells. One item per cell, beside the marks, has a glyph or a text. */
const GLYPH_CELL = { width: 40, height: 40 };
const TEXT_CELL = { width: 104, height: 30 };
const MAX_TEXT_LENGTH = 16;
/** If more marks are in sight, only medoids have glyphs and labels; the others are dots. */
const MAX_DETAILED_MARKS = 40;
/** Size of the glyphs of medoids if more than MAX_DETAILED_MARKS are in sight. */
const SMALL_MEDOID_SIZE = 23;
/** Maximum number of texts, beside those of marks, that are drawn for the first time per frame. */
const NEW_TEXTS_PER_FRAME = 10;
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

/** Draws scenes into one canvas. */
export class MapPainter {
  readonly #context: CanvasRenderingContext2D;
  readonly #items: Items;
  readonly #glyphFont: string;
  readonly #sprites = new Map<string, HTMLCanvasElement>();
  readonly #spacedRows = new Map<number, readonly number[]>();
  #newTexts = 0;
  #picture = new PointPicture(1, 1);
  #spacedPlaces: Float32Array | undefined;

  constructor(context: CanvasRenderingContext2D, items: Items, glyphFont: string) {
    this.#context = context;
    this.#items = items;
    this.#glyphFont = glyphFont;
  }

  /** Returns whether the picture is complete: further glyphs come with the next frames. */
  paint(scene: Scene, camera: Camera, colours: MapColours, ratio: number): boolean {
    this.#newTexts = 0;
    const context = this.#context;
    const { width, height } = context.canvas;
    if (this.#picture.width !== width || this.#picture.height !== height)
      this.#picture = new PointPicture(width, height);
    const { places, marks, selected } = scene;
    const scale = camera.scale * ratio;
    const left = width / 2 - camera.x * scale;
    const top = height / 2 - camera.y * scale;
    const xOf = (row: number): number => left + (places[2 * row] ?? 0) * scale;
    const yOf = (row: number): number => top + (places[2 * row + 1] ?? 0) * scale;
    const isVisible = (row: number): boolean => {
      const margin = 40 * ratio;
      const [x, y] = [xOf(row), yOf(row)];
      return x > -margin && y > -margin && x < width + margin && y < height + margin;
    };

    const visible = marks.filter(({ row }) => isVisible(row));
    const isDetailed = visible.length <= MAX_DETAILED_MARKS;
    const sizeOf = (kind: Mark["kind"]): number =>
      (kind === "medoid" && !isDetailed ? SMALL_MEDOID_SIZE : GLYPH_SIZE[kind]) * ratio;
    const radius = pointRadius(camera.scale, scene.ids.length) * ratio;
    this.#picture.clear(colours.background);
    for (let row = 0; row < scene.ids.length; row += 1)
      this.#picture.add(xOf(row), yOf(row), radius, colours.item);
    for (const { row, hue, kind } of visible)
      if (hue !== undefined && kind !== "pick") {
        const { fill } = colours.interest(hue);
        this.#picture.add(xOf(row), yOf(row), radius + OWN_DOT_GROWTH * ratio, fill);
      }
    this.#picture.draw(context);

    const detailedMarks = isDetailed ? visible : visible.filter(({ kind }) => kind === "medoid");
    const cell = 34 * ratio;
    const cellOf = (row: number, dx: number, dy: number): string =>
      `${Math.round(xOf(row) / cell) + dx},${Math.round(yOf(row) / cell) + dy}`;
    const takenCells = new Set<string>();
    for (const { row } of detailedMarks)
      for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) takenCells.add(cellOf(row, dx, dy));
    for (const row of this.#spaced(scene, camera.scale))
      if (isVisible(row) && !takenCells.has(cellOf(row, 0, 0)))
        this.#drawOther(scene, row, xOf(row), yOf(row), ratio, colours.muted);

    this.#drawLinks(marks, colours, xOf, yOf, ratio);
    for (const { row, kind, hue } of detailedMarks) {
      const colour = hue === undefined ? colours.muted : colours.interest(hue).css;
      const size = sizeOf(kind);
      this.#drawBack(xOf(row), yOf(row), size, kind, colour, colours.halo, ratio);
      this.#drawGlyph(scene, row, xOf(row), yOf(row), size * 0.8, colours.text);
    }
    this.#drawLabels(scene, detailedMarks, selected, colours, xOf, yOf, ratio);
    return this.#newTexts <= NEW_TEXTS_PER_FRAME;
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
    const takenCells = new Set<number>();
    const rows: number[] = [];
    for (let row = 0; row < ids.length; row += 1) {
      const x = Math.floor(((places[2 * row] ?? 0) * unit) / width);
      const y = Math.floor(((places[2 * row + 1] ?? 0) * unit) / height);
      const key = x * 100_003 + y;
      // Items that this device cannot draw are points.
      if (takenCells.has(key) || !this.#items.has(ids[row] ?? "")) continue;
      takenCells.add(key);
      rows.push(row);
    }
    this.#spacedRows.set(level, rows);
    return rows;
  }

  /**
   * An item that is no mark: its emoji, or its label as small text. `colour` is that of text; emoji
   * have their own.
   */
  #drawOther(scene: Scene, row: number, x: number, y: number, ratio: number, colour: string): void {
    const item = itemById(this.#items, scene.ids[row] ?? "");
    const text = item.isMonogram ? item.label.slice(0, MAX_TEXT_LENGTH) : item.glyph;
    const size = (item.isMonogram ? LABEL_FONT_SIZE : GLYPH_SIZE.other) * ratio;
    const middle = y + (item.isMonogram ? 9 * ratio : 0);
    this.#drawText(text, x, middle, size, colour, NEW_TEXTS_PER_FRAME);
  }

  /** The glyph of a mark, within a circle of diameter `size`. */
  #drawGlyph(scene: Scene, row: number, x: number, y: number, size: number, colour: string): void {
    const { glyph, isMonogram } = itemById(this.#items, scene.ids[row] ?? "");
    this.#drawText(glyph, x, y, size * (isMonogram ? 0.62 : 0.86), colour);
  }

  /** Text is slow to draw, and emoji more so: each is drawn once for every size. */
  #drawText(
    text: string,
    x: number,
    y: number,
    size: number,
    colour: string,
    maxNewTexts = Number.POSITIVE_INFINITY,
  ): void {
    const fontSize = Math.max(1, Math.round(size));
    const key = `${fontSize} ${colour} ${text}`;
    let sprite = this.#sprites.get(key);
    if (sprite === undefined) {
      if (maxNewTexts < Number.POSITIVE_INFINITY) this.#newTexts += 1;
      if (this.#newTexts > maxNewTexts) return;
      sprite = this.#createSprite(text, fontSize, colour);
      this.#sprites.set(key, sprite);
    }
    const { width, height } = sprite;
    this.#context.drawImage(sprite, Math.round(x - width / 2), Math.round(y - height / 2));
  }

  #createSprite(text: string, fontSize: number, colour: string): HTMLCanvasElement {
    const sprite = document.createElement("canvas");
    const context = sprite.getContext("2d");
    if (context === null) return sprite;
    const isText = /^[\p{L}\p{N}]/u.test(text);
    const font = `${fontSize}px ${isText ? "system-ui, sans-serif" : this.#glyphFont}`;
    context.font = font;
    sprite.width = Math.ceil(context.measureText(text).width) + 4;
    sprite.height = Math.ceil(fontSize * 1.5);
    context.font = font; // the size of a canvas resets its state
    context.fillStyle = colour;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, sprite.width / 2, sprite.height / 2);
    return sprite;
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
    const context = this.#context;
    const radius = size * 0.62;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    context.strokeStyle = colour;
    context.setLineDash(kind === "pick" ? [3 * ratio, 2.5 * ratio] : []);
    context.lineWidth = (kind === "medoid" ? RING_WIDTH : 1.5) * ratio;
    context.stroke();
    if (kind === "medoid") {
      context.beginPath();
      context.arc(x, y, radius + 3.5 * ratio, 0, 2 * Math.PI);
      context.lineWidth = ratio;
      context.stroke();
    }
    context.setLineDash([]);
  }

  #drawLinks(
    marks: readonly Mark[],
    colours: MapColours,
    xOf: (row: number) => number,
    yOf: (row: number) => number,
    ratio: number,
  ): void {
    const context = this.#context;
    context.lineWidth = 1.25 * ratio;
    for (const { row, reason, hue } of marks) {
      if (reason === undefined) continue;
      const [x, y, endX, endY] = [xOf(row), yOf(row), xOf(reason), yOf(reason)];
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
    xOf: (row: number) => number,
    yOf: (row: number) => number,
    ratio: number,
  ): void {
    const context = this.#context;
    context.font = `${LABEL_FONT_SIZE * ratio}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "top";
    context.lineJoin = "round";
    const boxes: [left: number, top: number, right: number, bottom: number][] = [];
    const priority = { medoid: 0, own: 1, pick: 2 };
    const entries = marks.map(({ row, kind }) => ({ row, kind: kind as Mark["kind"] }));
    entries.sort((a, b) => priority[a.kind] - priority[b.kind]);
    if (selected !== undefined) {
      const mark = scene.marks.find(({ row }) => row === selected);
      entries.unshift({ row: selected, kind: mark?.kind ?? "own" });
      context.beginPath();
      const size = mark === undefined ? GLYPH_SIZE.other : GLYPH_SIZE[mark.kind];
      context.arc(xOf(selected), yOf(selected), (size * 0.62 + 4) * ratio, 0, 2 * Math.PI);
      context.strokeStyle = colours.text;
      context.lineWidth = 2 * ratio;
      context.stroke();
    }
    for (const { row, kind } of entries) {
      const { label } = itemById(this.#items, scene.ids[row] ?? "");
      const text = label.length > 24 ? `${label.slice(0, 23)}…` : label;
      const halfWidth = context.measureText(text).width / 2;
      // Labels of items at the edge stay within the picture.
      const edge = context.canvas.width - halfWidth - 2 * ratio;
      const x = Math.min(Math.max(xOf(row), halfWidth + 2 * ratio), edge);
      const top = yOf(row) + (GLYPH_SIZE[kind] * 0.62 + 4) * ratio;
      const bottom = top + LABEL_FONT_SIZE * 1.2 * ratio;
      const isFree = boxes.every(
        (box) =>
          x + halfWidth < box[0] || x - halfWidth > box[2] || bottom < box[1] || top > box[3],
      );
      if (!isFree) continue;
      boxes.push([x - halfWidth, top, x + halfWidth, bottom]);
      context.strokeStyle = colours.halo;
      context.lineWidth = 3 * ratio;
      context.strokeText(text, x, top);
      context.fillStyle = kind === "pick" ? colours.muted : colours.text;
      context.fillText(text, x, top);
    }
  }
}

/** The radius of a point in CSS pixels: smaller for many items, larger when the map is closer. */
function pointRadius(scale: number, count: number): number {
  const base = count > 8000 ? 1 : count > 3000 ? 1.4 : 2;
  return Math.min(5, base * Math.max(1, Math.sqrt(scale / 320)));
}

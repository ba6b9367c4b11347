/**
 * The map: every item of the catalogue as a point, near ones alike. The user's items have the
 * colour of their interest, medoids a double ring; dashed rings are recommendations, linked to
 * their reason. It can be moved and zoomed by pointer, touch, wheel and keyboard.
 */
import type { ItemId } from "pocketsage";
import { createButton, createHtml } from "../dom.js";
import { formatCount, formatList } from "../format.js";
import { itemById } from "../items.js";
import type { RenderedState, View, ViewContext } from "../view.js";
import { type Camera, easeCamera, limitCamera, zoomAt } from "./camera.js";
import { type MapColours, readColours } from "./colours.js";
import { watchGestures } from "./gestures.js";
import { fillSquare } from "./layout.js";
import type { LayoutMessage } from "./layout-worker.js";
import { nearestInDirection, nearestRow } from "./nearest.js";
import { MapPainter, marksOf, type Scene } from "./scene.js";

/** Factor of one step of zoom. */
const ZOOM_STEP = 1.6;
/** Empty space around the marks when the map fits them, as a share of the picture. */
const FIT_MARGIN = 0.1;
/** Pointers farther from an item than this, in CSS pixels, do not select it. */
const HIT_DISTANCE = 18;
/** Distance of one step by an arrow key, in CSS pixels. */
const PAN_STEP = 60;
/** Height that is kept free for the buttons below the map when the map is fitted, in CSS pixels. */
const CONTROLS_HEIGHT = 44;
/** Upper limit of canvas pixels per CSS pixel: more look the same and take longer to draw. */
const MAX_PIXEL_RATIO = 2;
/** The map has the aspect ratio (height / width) of its frame, clamped to these limits. */
const MIN_ASPECT = 0.55;
const MAX_ASPECT = 1.6;
const CAPTION =
  "Near means alike. A double ring represents its interest; a dashed ring is a pick, with a line " +
  "to its reason.";
const KEYBOARD_HELP =
  "Arrow keys select your items and picks, Enter opens one, plus and minus zoom, Shift and arrow " +
  "keys move the map, 0 shows all of it.";

export function createMapView(root: HTMLElement, context: ViewContext): View {
  const { items } = context;
  const canvas = createHtml("canvas", {
    class: "map-canvas",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "map",
    "aria-describedby": "map-help",
  });
  const announcer = createHtml("p", { class: "visually-hidden", role: "status" });
  const caption = createHtml("p", { class: "map-caption muted" }, CAPTION);
  const help = createHtml("p", { class: "visually-hidden", id: "map-help" }, KEYBOARD_HELP);
  const note = createHtml("p", { class: "map-note muted", role: "status" }, "Placing the items …");
  const controls = createHtml(
    "div",
    { class: "map-controls", role: "group", "aria-label": "Map" },
    createButton("+", () => zoom(ZOOM_STEP), { label: "Zoom in" }),
    createButton("−", () => zoom(1 / ZOOM_STEP), { label: "Zoom out" }),
    createButton("Your items", () => fit("marks"), { label: "Show your items" }),
    createButton("All items", () => fit("all"), { label: "Show all items" }),
  );
  const frame = createHtml("div", { class: "map-frame" }, canvas, controls, note);
  root.append(createHtml("div", { class: "map" }, frame, caption), help, announcer);

  // The points are pixels that the processor writes: a canvas in its memory is the fastest.
  const drawing = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  const glyphFont = getComputedStyle(document.documentElement).getPropertyValue("--emoji");
  const painter = drawing && new MapPainter(drawing, items, glyphFont);
  const camera: Camera = { x: 0, y: 0, scale: 200 };
  const target: Camera = { ...camera };
  const scene: Scene = { ids: [], places: new Float32Array(), marks: [], selected: undefined };
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  let colours: MapColours | undefined;
  let rowOf: ReadonlyMap<ItemId, number> = new Map();
  let state: RenderedState | undefined;
  let layoutWorker: Worker | undefined;
  let loading: Promise<void> | undefined;
  let isShown = false;
  /** Places in the square [-1, 1], from which those of the scene are stretched. */
  let squarePlaces: Float32Array = new Float32Array();
  let isMoved = false; // by the user: the map then does not fit itself any more
  let ratio = 1; // device pixels per CSS pixel
  let frameRequest = 0;
  let frameTime = 0;

  if (painter === null) note.textContent = "This browser has no canvas; the interests are a list.";
  new ResizeObserver(() => {
    resize();
    if (!isMoved) fit("all", true);
    requestFrame();
  }).observe(frame);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours = undefined;
    requestFrame();
  });
  watchGestures(canvas, {
    pan: (dx, dy) =>
      moveTo({ ...target, x: target.x - dx / target.scale, y: target.y - dy / target.scale }, true),
    zoom: (factor, x, y, isDirect) => moveTo(zoomAt(target, factor, ...fromMiddle(x, y)), isDirect),
    hover: (x, y) => select(x === undefined || y === undefined ? undefined : rowAt(x, y)),
    tap: (x, y) => open(rowAt(x, y)),
  });
  canvas.addEventListener("keydown", onKey);
  canvas.addEventListener("blur", () => select(undefined));

  return {
    async render(next) {
      state = next;
      isShown = true;
      loading ??= load();
      await loading;
      update();
    },
    hide() {
      isShown = false;
    },
  };

  /** Loads the places once; the layout then goes on in a worker of its own. */
  async function load(): Promise<void> {
    try {
      const { ids, places, neighbours } = await context.call("map");
      scene.ids = ids;
      squarePlaces = fillSquare(places);
      rowOf = new Map(ids.map((id, row) => [id, row]));
      resize();
      fit("all", true);
      layoutWorker = new Worker(new URL("./layout-worker.ts", import.meta.url), {
        type: "module" as const,
        name: "map-layout",
      });
      layoutWorker.addEventListener("message", ({ data }: MessageEvent<LayoutMessage>) => {
        squarePlaces = data.places;
        stretch();
        note.hidden = data.isFinal;
        if (data.isFinal) {
          canvas.dataset.state = "ready";
          layoutWorker?.terminate();
          if (!isMoved) fit("all");
        }
        requestFrame();
      });
      layoutWorker.addEventListener("error", () => {
        note.hidden = true; // the principal components remain
      });
      layoutWorker.postMessage({ places, neighbours });
    } catch (error) {
      loading = undefined;
      throw error;
    }
  }

  function update(): void {
    if (state === undefined) return;
    scene.marks = marksOf(state, rowOf);
    const { interests } = state.profile;
    const descriptions = interests.map(({ medoid, items: members }) => {
      const { label } = itemById(items, medoid);
      return `${label}, with ${formatCount(members.length, "item")}`;
    });
    const interestCount = formatCount(interests.length, "interest");
    canvas.setAttribute("aria-label", `A map of ${interestCount}: ${formatList(descriptions)}`);
    canvas.dataset.marks = String(scene.marks.length);
    requestFrame();
  }

  function resize(): void {
    ratio = Math.min(devicePixelRatio, MAX_PIXEL_RATIO);
    const { clientWidth, clientHeight } = frame;
    canvas.width = Math.max(1, Math.round(clientWidth * ratio));
    canvas.height = Math.max(1, Math.round(clientHeight * ratio));
    stretch();
  }

  /** Stretches the places to the aspect ratio of the frame. */
  function stretch(): void {
    const aspect = aspectOf();
    scene.places = squarePlaces.map((value, index) => (index % 2 === 1 ? value * aspect : value));
  }

  function aspectOf(): number {
    const aspect = frame.clientHeight / Math.max(1, frame.clientWidth);
    return Math.max(MIN_ASPECT, Math.min(MAX_ASPECT, aspect));
  }

  function requestFrame(): void {
    if (!isShown || frameRequest !== 0) return;
    frameRequest = requestAnimationFrame(drawFrame);
  }

  function drawFrame(now: number): void {
    frameRequest = 0;
    const elapsed = frameTime === 0 ? 16 : now - frameTime;
    const hasArrived = easeCamera(camera, target, elapsed);
    frameTime = hasArrived ? 0 : now;
    colours ??= readColours(root);
    const isComplete = painter?.paint(scene, camera, colours, ratio) ?? true;
    if (!hasArrived || !isComplete) requestFrame();
  }

  function moveTo(next: Camera, isDirect = reducedMotion.matches): void {
    isMoved = true;
    Object.assign(target, limitCamera(next));
    if (isDirect) Object.assign(camera, target);
    requestFrame();
  }

  function zoom(factor: number): void {
    moveTo(zoomAt(target, factor, 0, 0));
  }

  /** Shows all items, or the user's items and the recommendations. */
  function fit(what: "all" | "marks", isDirect = reducedMotion.matches): void {
    const rows = what === "marks" ? scene.marks.map(({ row }) => row) : [];
    const xs = rows.map((row) => scene.places[2 * row] ?? 0);
    const ys = rows.map((row) => scene.places[2 * row + 1] ?? 0);
    const [left, right] = rows.length > 0 ? [Math.min(...xs), Math.max(...xs)] : [-1, 1];
    const [top, bottom] =
      rows.length > 0 ? [Math.min(...ys), Math.max(...ys)] : [-aspectOf(), aspectOf()];
    const share = 1 - FIT_MARGIN;
    const scale = Math.min(
      (frame.clientWidth * share) / Math.max(right - left, 0.1),
      (frame.clientHeight * share - CONTROLS_HEIGHT) / Math.max(bottom - top, 0.1),
    );
    const wasMoved = isMoved;
    const y = (top + bottom) / 2 + CONTROLS_HEIGHT / 2 / scale;
    moveTo({ x: (left + right) / 2, y, scale }, isDirect);
    isMoved = what === "marks" || (wasMoved && what !== "all");
  }

  function fromMiddle(x: number, y: number): [number, number] {
    return [x - frame.clientWidth / 2, y - frame.clientHeight / 2];
  }

  function rowAt(x: number, y: number): number | undefined {
    const [px, py] = fromMiddle(x, y);
    const { scale } = camera;
    return nearestRow(scene, camera.x + px / scale, camera.y + py / scale, HIT_DISTANCE / scale);
  }

  function select(row: number | undefined): void {
    if (scene.selected === row) return;
    scene.selected = row;
    canvas.style.cursor = row === undefined ? "" : "pointer";
    requestFrame();
  }

  function open(row: number | undefined): void {
    const id = row === undefined ? undefined : scene.ids[row];
    const item = id === undefined ? undefined : items.get(id);
    if (item !== undefined) context.open(item);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    }[event.key] as [number, number] | undefined;
    if (direction !== undefined && event.shiftKey) {
      const [dx, dy] = direction.map((step) => (step * PAN_STEP) / target.scale) as [
        number,
        number,
      ];
      moveTo({ ...target, x: target.x + dx, y: target.y + dy });
    } else if (direction !== undefined) selectInDirection(direction);
    else if (event.key === "+" || event.key === "=") zoom(ZOOM_STEP);
    else if (event.key === "-") zoom(1 / ZOOM_STEP);
    else if (event.key === "0" || event.key === "Home") fit("all");
    else if (event.key === "Enter" || event.key === " ") open(scene.selected);
    else if (event.key === "Escape" && scene.selected !== undefined) select(undefined);
    else return;
    event.preventDefault();
  }

  /** Selects the next mark in a direction, announces it, and moves it into sight. */
  function selectInDirection(direction: [number, number]): void {
    const row = nearestInDirection(scene, camera, direction);
    if (row === undefined) return;
    select(row);
    const kind = scene.marks.find((mark) => mark.row === row)?.kind;
    const role = { medoid: "represents an interest", own: "yours", pick: "recommended" };
    const { label } = itemById(items, scene.ids[row] ?? "");
    announcer.textContent = kind === undefined ? label : `${label}, ${role[kind]}`;
    const x = ((scene.places[2 * row] ?? 0) - target.x) * target.scale;
    const y = ((scene.places[2 * row + 1] ?? 0) - target.y) * target.scale;
    const isInSight =
      Math.abs(x) < frame.clientWidth * 0.42 && Math.abs(y) < frame.clientHeight * 0.42;
    if (!isInSight)
      moveTo({ ...target, x: target.x + x / target.scale, y: target.y + y / target.scale });
  }
}

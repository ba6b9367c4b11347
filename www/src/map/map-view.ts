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
import { type MapColours, readColours } from "./colours.js";
import { watchGestures } from "./gestures.js";
import { fillSquare } from "./layout.js";
import type { LayoutMessage } from "./layout-worker.js";
import { nearestInDirection, nearestRow } from "./nearest.js";
import { MapPainter, marksOf, type Scene } from "./scene.js";
import { type Bounds, Viewport } from "./viewport.js";

/** Factor of one step of zoom. */
const ZOOM_STEP = 1.6;
/** Pointers farther from an item than this, in CSS pixels, do not select it. */
const HIT_DISTANCE = 18;
/** Distance of one step by an arrow key, in CSS pixels. */
const PAN_STEP = 60;
/** Upper limit of canvas pixels per CSS pixel: more look the same and take longer to draw. */
const MAX_PIXEL_RATIO = 2;
/** Milliseconds of easing in the first frame of an animation. */
const FIRST_FRAME_MS = 16;
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
    createButton("+", () => viewport.zoom(ZOOM_STEP), { label: "Zoom in" }),
    createButton("−", () => viewport.zoom(1 / ZOOM_STEP), { label: "Zoom out" }),
    createButton("Your items", () => fitMarks(), { label: "Show your items" }),
    createButton("All items", () => fitAll(), { label: "Show all items" }),
  );
  const frame = createHtml("div", { class: "map-frame" }, canvas, controls, note);
  root.append(createHtml("div", { class: "map" }, frame, caption), help, announcer);

  // The points are pixels that the processor writes: a canvas in its memory is the fastest.
  const drawing = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  const glyphFont = getComputedStyle(document.documentElement).getPropertyValue("--emoji");
  const painter = drawing && new MapPainter(drawing, items, glyphFont);
  const viewport = new Viewport(frame, requestFrame);
  const scene: Scene = { ids: [], places: new Float32Array(), marks: [], selected: undefined };
  let colours: MapColours | undefined;
  let rowOf: ReadonlyMap<ItemId, number> = new Map();
  let state: RenderedState | undefined;
  let layoutWorker: Worker | undefined;
  let loading: Promise<void> | undefined;
  let isShown = false;
  /** Places in the square [-1, 1], from which those of the scene are stretched. */
  let squarePlaces: Float32Array = new Float32Array();
  let ratio = 1; // device pixels per CSS pixel
  let frameRequest = 0;
  let frameTime = 0;

  if (painter === null) note.textContent = "This browser has no canvas; the interests are a list.";
  new ResizeObserver(() => {
    resize();
    if (!viewport.isMoved) fitAll(true);
    requestFrame();
  }).observe(frame);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours = undefined;
    requestFrame();
  });
  watchGestures(canvas, {
    pan: (dx, dy) => viewport.moveBy(-dx, -dy, true),
    zoom: (factor, x, y, isDirect) => viewport.zoom(factor, { x, y }, isDirect),
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
      fitAll(true);
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
          if (!viewport.isMoved) fitAll();
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
    const aspect = viewport.aspect();
    scene.places = squarePlaces.map((value, index) => (index % 2 === 1 ? value * aspect : value));
  }

  function requestFrame(): void {
    if (!isShown || frameRequest !== 0) return;
    frameRequest = requestAnimationFrame(drawFrame);
  }

  function drawFrame(now: number): void {
    frameRequest = 0;
    const hasArrived = viewport.ease(frameTime === 0 ? FIRST_FRAME_MS : now - frameTime);
    frameTime = hasArrived ? 0 : now;
    colours ??= readColours(root);
    const isComplete = painter?.paint(scene, viewport.camera, colours, ratio) ?? true;
    if (!hasArrived || !isComplete) requestFrame();
  }

  function fitAll(isDirect?: boolean): void {
    viewport.fit(viewport.wholeMap(), isDirect);
  }

  /** Shows the user's items and the recommendations; the map then does not fit itself any more. */
  function fitMarks(): void {
    viewport.fit(boundsOfMarks(scene) ?? viewport.wholeMap());
    viewport.isMoved = true;
  }

  function rowAt(x: number, y: number): number | undefined {
    const place = viewport.placeAt(x, y);
    return nearestRow(scene, place.x, place.y, HIT_DISTANCE / viewport.camera.scale);
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
    if (direction !== undefined && event.shiftKey)
      viewport.moveBy(direction[0] * PAN_STEP, direction[1] * PAN_STEP);
    else if (direction !== undefined) selectInDirection(direction);
    else if (event.key === "+" || event.key === "=") viewport.zoom(ZOOM_STEP);
    else if (event.key === "-") viewport.zoom(1 / ZOOM_STEP);
    else if (event.key === "0" || event.key === "Home") fitAll();
    else if (event.key === "Enter" || event.key === " ") open(scene.selected);
    else if (event.key === "Escape" && scene.selected !== undefined) select(undefined);
    else return;
    event.preventDefault();
  }

  /** Selects the next mark in a direction, announces it, and moves it into sight. */
  function selectInDirection(direction: [number, number]): void {
    const row = nearestInDirection(scene, viewport.camera, direction);
    if (row === undefined) return;
    select(row);
    const kind = scene.marks.find((mark) => mark.row === row)?.kind;
    const role = { medoid: "represents an interest", own: "yours", pick: "recommended" };
    const { label } = itemById(items, scene.ids[row] ?? "");
    announcer.textContent = kind === undefined ? label : `${label}, ${role[kind]}`;
    viewport.reveal(scene.places[2 * row] ?? 0, scene.places[2 * row + 1] ?? 0);
  }
}

/** The bounds of the user's items and the recommendations; undefined if there are none. */
function boundsOfMarks({ marks, places }: Scene): Bounds | undefined {
  if (marks.length === 0) return undefined;
  const xs = marks.map(({ row }) => places[2 * row] ?? 0);
  const ys = marks.map(({ row }) => places[2 * row + 1] ?? 0);
  return {
    left: Math.min(...xs),
    right: Math.max(...xs),
    top: Math.min(...ys),
    bottom: Math.max(...ys),
  };
}

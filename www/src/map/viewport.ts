/** The visible part of the map within its frame: moved, zoomed, fitted, and eased towards. */
import { type Camera, easeCamera, limitCamera, zoomAt } from "./camera.js";

/** Empty space around what the map fits, as a share of the picture. */
const FIT_MARGIN = 0.1;
/** Height that is kept free for the buttons below the map when the map is fitted, in CSS pixels. */
const CONTROLS_HEIGHT = 44;
/** Width and height of the smallest part of the map that is fitted, in units of the map. */
const MIN_FITTED_SIZE = 0.1;
/** The map has the aspect ratio (height / width) of its frame, clamped to these limits. */
const MIN_ASPECT = 0.55;
const MAX_ASPECT = 1.6;
/** A point is in sight within this share of the size of the frame from its middle. */
const SIGHT_SHARE = 0.42;

/** Scale of the first view, until the map is fitted, in CSS pixels per unit. */
const FIRST_SCALE = 200;

/** The rectangle from the least to the greatest x and y of some places of the map. */
export interface Bounds {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export class Viewport {
  /** What is drawn now; it follows `target`. */
  readonly camera: Camera = { x: 0, y: 0, scale: FIRST_SCALE };
  readonly target: Camera = { ...this.camera };
  /** Whether the user has moved the map: it then does not fit itself any more. */
  isMoved = false;
  readonly #frame: HTMLElement;
  readonly #reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #requestFrame: () => void;

  /** `requestFrame` is called when there is something new to draw. */
  constructor(frame: HTMLElement, requestFrame: () => void) {
    this.#frame = frame;
    this.#requestFrame = requestFrame;
  }

  /** Height / width of the map. */
  aspect(): number {
    const aspect = this.#frame.clientHeight / Math.max(1, this.#frame.clientWidth);
    return Math.max(MIN_ASPECT, Math.min(MAX_ASPECT, aspect));
  }

  /** The bounds of all places. */
  wholeMap(): Bounds {
    const aspect = this.aspect();
    return { left: -1, right: 1, top: -aspect, bottom: aspect };
  }

  /** Moves the map by the user; `isDirect`: without easing. */
  moveTo(next: Camera, isDirect = this.#reducedMotion.matches): void {
    this.isMoved = true;
    Object.assign(this.target, limitCamera(next));
    if (isDirect) Object.assign(this.camera, this.target);
    this.#requestFrame();
  }

  /** Moves the map by CSS pixels. */
  moveBy(dx: number, dy: number, isDirect?: boolean): void {
    const { x, y, scale } = this.target;
    this.moveTo({ x: x + dx / scale, y: y + dy / scale, scale }, isDirect);
  }

  /** Zooms at a point of the frame, by default its middle. */
  zoom(factor: number, point?: { x: number; y: number }, isDirect?: boolean): void {
    const [x, y] = point ? this.#fromMiddle(point.x, point.y) : [0, 0];
    this.moveTo(zoomAt(this.target, factor, x, y), isDirect);
  }

  /** Fits the bounds into the frame, above the buttons. The map is then not moved by the user. */
  fit({ left, right, top, bottom }: Bounds, isDirect?: boolean): void {
    const { clientWidth, clientHeight } = this.#frame;
    const share = 1 - FIT_MARGIN;
    const scale = Math.min(
      (clientWidth * share) / Math.max(right - left, MIN_FITTED_SIZE),
      (clientHeight * share - CONTROLS_HEIGHT) / Math.max(bottom - top, MIN_FITTED_SIZE),
    );
    const y = (top + bottom) / 2 + CONTROLS_HEIGHT / 2 / scale;
    this.moveTo({ x: (left + right) / 2, y, scale }, isDirect);
    this.isMoved = false;
  }

  /** Moves a place of the map to the middle, unless it is in sight. */
  reveal(x: number, y: number): void {
    const { target } = this;
    const isInSight =
      Math.abs(x - target.x) * target.scale < this.#frame.clientWidth * SIGHT_SHARE &&
      Math.abs(y - target.y) * target.scale < this.#frame.clientHeight * SIGHT_SHARE;
    if (!isInSight) this.moveTo({ ...target, x, y });
  }

  /** The place of the map that is drawn at a point of the frame, in CSS pixels. */
  placeAt(x: number, y: number): { x: number; y: number } {
    const [px, py] = this.#fromMiddle(x, y);
    const { camera } = this;
    return { x: camera.x + px / camera.scale, y: camera.y + py / camera.scale };
  }

  /** Moves the camera towards its target. Returns whether it has arrived. */
  ease(elapsedMs: number): boolean {
    return easeCamera(this.camera, this.target, elapsedMs);
  }

  #fromMiddle(x: number, y: number): [number, number] {
    return [x - this.#frame.clientWidth / 2, y - this.#frame.clientHeight / 2];
  }
}

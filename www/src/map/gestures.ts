/** Pointer, touch and wheel gestures on the map. Coordinates are CSS pixels of the element. */

export interface GestureListener {
  pan(dx: number, dy: number): void;
  /** `isDirect` for gestures that the picture must follow without easing. */
  zoom(factor: number, x: number, y: number, isDirect: boolean): void;
  /** The pointer is over (x, y), or has left. */
  hover(x?: number, y?: number): void;
  tap(x: number, y: number): void;
}

/** A press that moves farther than this, in CSS pixels, is no tap. */
const MAX_TAP_MOVE = 5;
const WHEEL_ZOOM_PER_PX = 0.0022;
const DOUBLE_TAP_ZOOM = 2;

export function watchGestures(element: HTMLElement, listener: GestureListener): void {
  const pointers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  const placeOf = (event: MouseEvent): { x: number; y: number } => {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };

  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    if (pointers.size === 0) moved = 0;
    pointers.set(event.pointerId, placeOf(event));
  });
  element.addEventListener("pointermove", (event) => {
    const place = placeOf(event);
    const previousPlace = pointers.get(event.pointerId);
    if (previousPlace === undefined) {
      if (event.pointerType === "mouse") listener.hover(place.x, place.y);
      return;
    }
    const dx = place.x - previousPlace.x;
    const dy = place.y - previousPlace.y;
    moved += Math.hypot(dx, dy);
    const otherPlace = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, place);
    if (otherPlace === undefined) {
      if (moved > MAX_TAP_MOVE) listener.pan(dx, dy);
      return;
    }
    const distanceBefore = Math.hypot(
      previousPlace.x - otherPlace.x,
      previousPlace.y - otherPlace.y,
    );
    const distanceAfter = Math.hypot(place.x - otherPlace.x, place.y - otherPlace.y);
    listener.pan(dx / 2, dy / 2);
    if (distanceBefore > 0)
      listener.zoom(
        distanceAfter / distanceBefore,
        (place.x + otherPlace.x) / 2,
        (place.y + otherPlace.y) / 2,
        true,
      );
  });
  const end = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("pointerleave", () => listener.hover());
  element.addEventListener("click", (event) => {
    const { x, y } = placeOf(event);
    if (moved <= MAX_TAP_MOVE) listener.tap(x, y);
  });
  element.addEventListener("dblclick", (event) => {
    const { x, y } = placeOf(event);
    listener.zoom(DOUBLE_TAP_ZOOM, x, y, false);
  });
  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { x, y } = placeOf(event);
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const change = Math.max(-240, Math.min(240, event.deltaY * pixels));
      listener.zoom(Math.exp(-change * WHEEL_ZOOM_PER_PX), x, y, false);
    },
    { passive: false },
  );
}

/** Moves the cut: by dragging over its track or, with a mouse, over the tree, and by keys. */

export interface CutSliderListener {
  /** The cut was dragged to this share of the width of the tree, in [0, 1]; 1 is at the leaves. */
  drag(share: number): void;
  /** A key chose this number of interests. */
  choose(count: number): void;
  /** The number of interests now, and the largest one. */
  counts(): { shown: number; max: number };
}

/** The elements of the slider. */
export interface CutSliderElements {
  /** The element with the role "slider". */
  handle: HTMLElement;
  track: HTMLElement;
  /** The area of the tree. */
  area: HTMLElement;
}

/** Number of interests by which the keys Page Up and Page Down change the cut. */
const LARGE_STEP = 5;

export function bindCutSlider(
  { handle, track, area }: CutSliderElements,
  { drag, choose, counts }: CutSliderListener,
): void {
  const dragTo = ({ clientX }: PointerEvent): void => {
    const { left, width } = area.getBoundingClientRect();
    drag(Math.max(0, Math.min(1, (clientX - left) / width)));
  };
  track.addEventListener("pointerdown", (event) => {
    track.setPointerCapture(event.pointerId);
    dragTo(event);
    handle.focus();
    event.preventDefault();
  });
  area.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") return; // a finger scrolls here
    area.setPointerCapture(event.pointerId);
    dragTo(event);
  });
  for (const element of [track, area])
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) dragTo(event);
    });
  handle.addEventListener("keydown", (event) => {
    const { shown, max } = counts();
    const next = {
      ArrowLeft: shown - 1,
      ArrowDown: shown - 1,
      PageDown: shown - LARGE_STEP,
      ArrowRight: shown + 1,
      ArrowUp: shown + 1,
      PageUp: shown + LARGE_STEP,
      Home: 1,
      End: max,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(Math.max(1, Math.min(max, next)));
  });
}

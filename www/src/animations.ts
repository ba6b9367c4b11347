/** Animations that show changes of the page. Users who prefer reduced motion see none. */

const reducedMotionQuery = matchMedia("(prefers-reduced-motion: reduce)");

/** Confirms a tap: the element grows and shrinks back. */
export function animateTap(element: Element): void {
  if (reducedMotionQuery.matches) return;
  element.animate(
    { transform: ["scale(1)", "scale(1.35)", "scale(1)"] },
    { duration: 260, easing: "ease-out" },
  );
}

/**
 * Calls `change`, then moves the children of `list` from their old positions to the new ones and
 * fades new children in.
 */
export function animateMoves(list: HTMLElement, change: () => void): void {
  if (reducedMotionQuery.matches) {
    change();
    return;
  }
  const oldPositions = new Map(
    [...list.children].map((child) => [child, child.getBoundingClientRect()]),
  );
  change();
  for (const child of list.children) {
    const oldPosition = oldPositions.get(child);
    if (oldPosition === undefined) {
      child.animate(
        { opacity: [0, 1], transform: ["translateY(6px)", "none"] },
        { duration: 240, easing: "ease-out" },
      );
      continue;
    }
    // Forces a layout, so only where there is something to compare with: the first list has none.
    const newPosition = child.getBoundingClientRect();
    if (oldPosition.left !== newPosition.left || oldPosition.top !== newPosition.top) {
      const x = oldPosition.left - newPosition.left;
      const y = oldPosition.top - newPosition.top;
      const offset = `translate(${x}px, ${y}px)`;
      child.animate(
        { transform: [offset, "none"] },
        { duration: 280, easing: "cubic-bezier(.2, .8, .2, 1)" },
      );
    }
  }
}

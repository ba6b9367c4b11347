/** Animations that show what changed. Users who prefer reduced motion get none. */

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** Confirms a tap: the element grows and shrinks back. */
export function animateTap(element: Element): void {
  if (reducedMotion.matches) return;
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
  if (reducedMotion.matches) {
    change();
    return;
  }
  const before = new Map([...list.children].map((child) => [child, child.getBoundingClientRect()]));
  change();
  for (const child of list.children) {
    const from = before.get(child);
    const to = child.getBoundingClientRect();
    if (from === undefined) {
      child.animate(
        { opacity: [0, 1], transform: ["translateY(6px)", "none"] },
        { duration: 240, easing: "ease-out" },
      );
    } else if (from.left !== to.left || from.top !== to.top) {
      const offset = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
      child.animate(
        { transform: [offset, "none"] },
        { duration: 280, easing: "cubic-bezier(.2, .8, .2, 1)" },
      );
    }
  }
}

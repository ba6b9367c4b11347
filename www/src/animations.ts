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
 * Calls `change`, then moves the children of each list from their old positions to the new ones and
 * fades new children in. A list that was empty fades in as a whole. What is out of sight is not
 * animated.
 */
export function animateMoves(lists: readonly HTMLElement[], change: () => void): void {
  if (reducedMotionQuery.matches) {
    change();
    return;
  }
  const shownLists = lists.filter((list) => list.firstElementChild === null || isInSight(list));
  const oldPositions = shownLists.map(
    (list) => new Map([...list.children].map((child) => [child, child.getBoundingClientRect()])),
  );
  change();
  // An animation makes the styles dirty, after which each position would cost a layout: positions
  // first.
  const animations = shownLists.flatMap((list, index) =>
    planAnimations(list, oldPositions[index] ?? new Map()),
  );
  for (const { element, keyframes, options } of animations) element.animate(keyframes, options);
}

interface PlannedAnimation {
  element: Element;
  keyframes: PropertyIndexedKeyframes;
  options: KeyframeAnimationOptions;
}

function planAnimations(
  list: HTMLElement,
  oldPositions: ReadonlyMap<Element, DOMRect>,
): PlannedAnimation[] {
  if (oldPositions.size === 0) return [fadeIn(list)];
  return [...list.children].flatMap((child) => {
    const oldPosition = oldPositions.get(child);
    const position = child.getBoundingClientRect();
    if (!isInWindow(position) && (oldPosition === undefined || !isInWindow(oldPosition))) return [];
    if (oldPosition === undefined) return [fadeIn(child)];
    const x = oldPosition.left - position.left;
    const y = oldPosition.top - position.top;
    if (x === 0 && y === 0) return [];
    return [
      {
        element: child,
        keyframes: { transform: [`translate(${x}px, ${y}px)`, "none"] },
        options: { duration: 280, easing: "cubic-bezier(.2, .8, .2, 1)" },
      },
    ];
  });
}

function fadeIn(element: Element): PlannedAnimation {
  return {
    element,
    keyframes: { opacity: [0, 1], transform: ["translateY(6px)", "none"] },
    options: { duration: 240, easing: "ease-out" },
  };
}

function isInSight(element: Element): boolean {
  // Without this check, the position of skipped content would cost its layout.
  if (element.checkVisibility?.({ contentVisibilityAuto: true }) === false) return false;
  return isInWindow(element.getBoundingClientRect());
}

function isInWindow({ top, bottom }: DOMRect): boolean {
  return bottom > 0 && top < innerHeight;
}

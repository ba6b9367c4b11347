/** Movement that explains: what was tapped answers, what changes place glides there. None for those who asked for less motion. */

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** A tap answered. */
export function pop(element: Element): void {
  if (calm.matches) return;
  element.animate(
    { transform: ["scale(1)", "scale(1.35)", "scale(1)"] },
    { duration: 260, easing: "ease-out" },
  );
}

/** Makes the change, then lets the children of `list` glide from where they were and the new ones appear. */
export function glide(list: HTMLElement, change: () => void): void {
  if (calm.matches) return change();
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
      const shift = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
      child.animate(
        { transform: [shift, "none"] },
        { duration: 280, easing: "cubic-bezier(.2, .8, .2, 1)" },
      );
    }
  }
}

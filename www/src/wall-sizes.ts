/**
 * The sizes of the wall's rows, from which the style sheet computes the height of groups that are
 * not laid out. An estimate would move the wall when a group comes near the window, and a click
 * whose button moves between press and release is lost.
 */

/**
 * Returns a function that adds the grid of a group. The sizes are those of a grid that is laid out,
 * and follow the width of the wall; all groups have the same ones.
 */
export function followRowSizes(root: HTMLElement): (grid: HTMLElement) => void {
  const observer = new ResizeObserver((entries) => {
    for (const { target: grid } of entries) {
      const heading = grid.previousElementSibling;
      const button = grid.querySelector(".item:not([hidden])");
      if (heading === null || button === null) continue;
      const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
      // Computed heights have fractions and, unlike rectangles, no part of an animation.
      root.style.setProperty("--columns", String(columns));
      root.style.setProperty("--heading-height", getComputedStyle(heading).height);
      root.style.setProperty("--item-height", getComputedStyle(button).height);
    }
  });
  return (grid) => observer.observe(grid);
}

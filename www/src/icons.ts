/** Small line drawings for buttons, in the colour of their text. */

const SVG = "http://www.w3.org/2000/svg";

/** Paths in a square of 24 units. */
const PATHS = {
  close: "M6 6l12 12M18 6L6 18",
  /** A thumb that points down. */
  less:
    "M7 4v9M7 13l4 7c1.6 0 2.4-1 2.2-2.6L12.8 14H18c1.4 0 2.3-1.2 2-2.5l-1.5-6" +
    "A2 2 0 0 0 16.6 4H7",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  copy: "M9 9h10v10H9zM5 15V5h10",
  done: "M5 13l4 4L19 7",
  share: "M12 15V4M8 7.5L12 3.5l4 4M6 12v7h12v-7",
  undo: "M8 5L4 9l4 4M4 9h9a5.5 5.5 0 0 1 0 11H9",
  mute: "M4 10v4h4l5 4V6L8 10zM17 9.5l5 5M22 9.5l-5 5",
  boost: "M12 19V6M6 11.5L12 5.5l6 6",
} as const;

export type IconName = keyof typeof PATHS;

export function createIcon(name: IconName): SVGElement {
  const icon = document.createElementNS(SVG, "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  icon.append(path);
  return icon;
}

/** Colours of the style sheet as numbers, because the map writes pixels. */
import { createHtml, setHue } from "../dom.js";
import type { Colour } from "./points.js";

export interface MapColours {
  background: Colour;
  /** Items that are not the user's. */
  item: Colour;
  text: string;
  halo: string;
  muted: string;
  /** Of an interest, by its hue in degrees. */
  interest(hue: number): { fill: Colour; css: string };
}

/** Reads the colours that apply to `root` now; call again after a change of the colour scheme. */
export function readColours(root: HTMLElement): MapColours {
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const probe = createHtml("span", { hidden: true });
  root.append(probe);
  const cssOf = (variable: string, hue?: number): string => {
    setHue(probe, hue);
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const numbersOf = (css: string): Colour => {
    if (context === null) return [128, 128, 128];
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = css;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue];
  };
  const interests = new Map<number, { fill: Colour; css: string }>();
  const surface = cssOf("--surface");
  return {
    background: numbersOf(surface),
    item: numbersOf(cssOf("--map-item")),
    text: cssOf("--text"),
    halo: surface,
    muted: cssOf("--text-muted"),
    interest(hue) {
      const knownColour = interests.get(hue);
      if (knownColour !== undefined) return knownColour;
      if (!probe.isConnected) root.append(probe);
      const css = cssOf("--hue-strong", hue);
      const colours = { fill: numbersOf(css), css };
      interests.set(hue, colours);
      return colours;
    },
  };
}

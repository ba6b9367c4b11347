/** Which items this device can draw: its font may be older than the newest emoji. */
import type { Items } from "./items.js";

/** Where Unicode has put new emoji since 2020; a font that has them at all has the older ones. */
const RECENT = /[\u{1F6D0}-\u{1F6FF}\u{1F7E0}-\u{1F7FF}\u{1FA70}-\u{1FAFF}]/u;
const SIZE = 16;

/**
 * The items whose emoji comes out as one picture. What a font does not have comes out as several pictures side by side, which shows in the
 * width, or as a blank, which shows when it is drawn.
 */
export function drawable(items: Items, family: string): Items {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE;
  canvas.height = SIZE;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (pen === null) return items;
  pen.font = `${SIZE * 0.75}px ${family}`;
  pen.textBaseline = "middle";
  const widest = pen.measureText("😀").width * 1.25;

  const inked = (emoji: string): boolean => {
    pen.clearRect(0, 0, SIZE, SIZE);
    pen.fillText(emoji, 0, SIZE / 2);
    return pen.getImageData(0, 0, SIZE, SIZE).data.some((value) => value > 32);
  };
  return new Map(
    [...items].filter(
      ([, { emoji }]) =>
        pen.measureText(emoji).width <= widest && (!RECENT.test(emoji) || inked(emoji)),
    ),
  );
}

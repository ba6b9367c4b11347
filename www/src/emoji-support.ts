/** Finds the emoji that the font of this device can draw; it may be older than the newest emoji. */
import type { Items } from "./items.js";

/**
 * Unicode blocks to which emoji were added since 2020. A font without one of these draws a blank of
 * the ordinary width; older emoji are in every font, so only these need the slower pixel check.
 */
const RECENT_BLOCKS = /[\u{1F6D0}-\u{1F6FF}\u{1F7E0}-\u{1F7FF}\u{1FA70}-\u{1FAFF}]/u;
/** Width and height of the test canvas, in pixels. */
const CANVAS_SIZE = 16;
/** A pixel counts as drawn if one of its channels (0 to 255) exceeds this value. */
const MAX_BLANK_CHANNEL = 32;

/**
 * The items whose emoji is drawn as one picture. A missing sequence is drawn as several pictures
 * side by side, which shows in its width; a missing character as a blank, which shows in its
 * pixels. Without a 2D canvas all items are returned.
 */
export function supportedItems(items: Items, fontFamily: string): Items {
  const canvas = document.createElement("canvas");
  canvas.width = CANVAS_SIZE;
  canvas.height = CANVAS_SIZE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return items;
  context.font = `${CANVAS_SIZE * 0.75}px ${fontFamily}`;
  context.textBaseline = "middle";
  const maxWidth = context.measureText("😀").width * 1.25;

  const isDrawn = (emoji: string): boolean => {
    context.clearRect(0, 0, CANVAS_SIZE, CANVAS_SIZE);
    context.fillText(emoji, 0, CANVAS_SIZE / 2);
    const { data: channels } = context.getImageData(0, 0, CANVAS_SIZE, CANVAS_SIZE);
    return channels.some((value) => value > MAX_BLANK_CHANNEL);
  };
  const isSupported = (emoji: string): boolean =>
    context.measureText(emoji).width <= maxWidth && (!RECENT_BLOCKS.test(emoji) || isDrawn(emoji));
  return new Map([...items].filter(([, { emoji }]) => isSupported(emoji)));
}

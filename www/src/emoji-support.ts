/**
 * Finds the emoji that the fonts of this device can draw; without a colour font, names replace
 * them.
 */
import type { ItemId } from "pocketsage";
import { type Item, type Items, withMonogram } from "./items.js";
import { forEachInSlices } from "./slices.js";

/**
 * Unicode blocks to which emoji were added since 2020. A font without one of these draws a blank or
 * the sign of a missing character; older emoji are in every font, so only these need the slower
 * check of pixels.
 */
const RECENT_BLOCKS = /[\u{1F6D0}-\u{1F6FF}\u{1F7E0}-\u{1F7FF}\u{1FA70}-\u{1FAFF}]/u;
/** A code point that Unicode leaves unassigned: every font draws it as a missing character. */
const UNASSIGNED = "\u{1FBFE}";
/** Emoji since 2010 in many colours. */
const COLOURFUL_EMOJI = ["😀", "🍎", "🌈"];
/** Equal to --emoji in style/base.css, which a worker cannot read. */
const EMOJI_FONT = '"Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif';
/** Width and height of the test canvas, in pixels. */
const CANVAS_SIZE = 16;
/** More than one code point, without the one that selects the coloured form. */
const SEQUENCE = /.(?!\uFE0F)./su;
/** A pixel counts as drawn if one of its channels (0 to 255) exceeds this value. */
const MAX_BLANK_CHANNEL = 32;
/** A pixel counts as coloured if its channels differ by more than this. */
const MAX_GREY_DIFFERENCE = 40;

/** What the fonts of this device can draw. */
export interface EmojiSupport {
  /** Whether there is a colour font; without, all items get letters in place of their emoji. */
  hasColour: boolean;
  /** The items whose emoji are missing in it. */
  excluded: readonly ItemId[];
}

export const ALL_SUPPORTED: EmojiSupport = { hasColour: true, excluded: [] };

/**
 * Checks the items of a catalogue. An emoji is supported if it is drawn as one picture: a missing
 * sequence is drawn as several side by side, which shows in its width, and a missing character as
 * nothing or as the unassigned one, which shows in its pixels. Where the canvas cannot be read, all
 * count as supported. The checks take 100 ms on a phone: the worker runs them, in slices. Returns
 * undefined in a worker of a browser that cannot draw text there.
 */
export async function checkEmojiSupport(items: Iterable<Item>): Promise<EmojiSupport | undefined> {
  const context = createContext();
  if (context === undefined) return undefined;
  if (context === null || !isReadable(context)) return ALL_SUPPORTED;
  context.font = `${CANVAS_SIZE * 0.75}px ${EMOJI_FONT}`;
  context.textBaseline = "middle";

  const missingPixels = drawPixels(context, UNASSIGNED);
  const isDrawn = (emoji: string): boolean => {
    const channels = drawPixels(context, emoji);
    return (
      channels.some((value) => value > MAX_BLANK_CHANNEL) &&
      channels.some((value, index) => value !== missingPixels[index])
    );
  };
  if (!COLOURFUL_EMOJI.some((emoji) => isDrawn(emoji) && isColoured(drawPixels(context, emoji))))
    return { hasColour: false, excluded: [] };
  const maxWidth = context.measureText("😀").width * 1.25;
  const isSupported = ({ glyph, isMonogram }: Item): boolean =>
    isMonogram ||
    ((!SEQUENCE.test(glyph) || context.measureText(glyph).width <= maxWidth) &&
      (!RECENT_BLOCKS.test(glyph) || isDrawn(glyph)));
  const excluded: ItemId[] = [];
  await forEachInSlices(items, (item) => {
    if (!isSupported(item)) excluded.push(item.id);
  });
  return { hasColour: true, excluded };
}

/** The items that can be shown, with letters where there is no colour font. */
export function supportedItems(items: Items, { hasColour, excluded }: EmojiSupport): Items {
  if (!hasColour) return new Map([...items].map(([id, item]) => [id, withMonogram(item)]));
  const supported = new Map(items);
  for (const id of excluded) supported.delete(id);
  return supported;
}

type Context2D = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Null if the browser has no context left; undefined in a worker without text on canvases. */
function createContext(): Context2D | null | undefined {
  const options = { willReadFrequently: true };
  if (typeof document === "undefined") {
    if (typeof OffscreenCanvas === "undefined") return undefined;
    const offscreen = new OffscreenCanvas(CANVAS_SIZE, CANVAS_SIZE);
    const context = offscreen.getContext("2d", options);
    return context === null ? undefined : (context as OffscreenCanvasRenderingContext2D);
  }
  const canvas = document.createElement("canvas");
  canvas.width = CANVAS_SIZE;
  canvas.height = CANVAS_SIZE;
  return canvas.getContext("2d", options) as CanvasRenderingContext2D | null;
}

/** The pixels of a text, four channels each. */
function drawPixels(context: Context2D, text: string): Uint8ClampedArray {
  context.fillStyle = "rgb(255, 255, 255)";
  context.clearRect(0, 0, CANVAS_SIZE, CANVAS_SIZE);
  context.fillText(text, 0, CANVAS_SIZE / 2);
  return context.getImageData(0, 0, CANVAS_SIZE, CANVAS_SIZE).data;
}

function isColoured(channels: Uint8ClampedArray): boolean {
  for (let index = 0; index < channels.length; index += 4) {
    const [red = 0, green = 0, blue = 0] = channels.subarray(index, index + 3);
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > MAX_GREY_DIFFERENCE) return true;
  }
  return false;
}

/** Whether pixels are read as they were drawn: browsers that resist fingerprinting change them. */
function isReadable(context: Context2D): boolean {
  const colour = [200, 100, 50, 255];
  context.fillStyle = `rgb(${colour.slice(0, 3).join(", ")})`;
  context.fillRect(0, 0, CANVAS_SIZE, CANVAS_SIZE);
  const { data } = context.getImageData(0, 0, CANVAS_SIZE, CANVAS_SIZE);
  return data.every((value, index) => Math.abs(value - (colour[index % 4] ?? 0)) <= 2);
}

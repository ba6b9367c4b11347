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
/** Width and height of the test canvas, in pixels. */
const CANVAS_SIZE = 16;
/** More than one code point, without the one that selects the coloured form. */
const SEQUENCE = /.(?!\uFE0F)./su;
/** A pixel counts as drawn if one of its channels (0 to 255) exceeds this value. */
const MAX_BLANK_CHANNEL = 32;
/** A pixel counts as coloured if its channels differ by more than this. */
const MAX_GREY_DIFFERENCE = 40;

/**
 * The items that can be shown, and the ids of the others. An emoji is supported if it is drawn as
 * one picture: a missing sequence is drawn as several side by side, which shows in its width, and a
 * missing character as nothing or as the unassigned one, which shows in its pixels. Without a
 * colour font, all items get letters in place of their emoji and none is excluded. Nor is any where
 * the canvas cannot be read. The checks take 100 ms on a phone, hence the slices.
 */
export async function supportedItems(
  items: Items,
  fontFamily: string,
): Promise<{ items: Items; excluded: readonly ItemId[] }> {
  const canvas = document.createElement("canvas");
  canvas.width = CANVAS_SIZE;
  canvas.height = CANVAS_SIZE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null || !isReadable(context)) return { items, excluded: [] };
  context.font = `${CANVAS_SIZE * 0.75}px ${fontFamily}`;
  context.textBaseline = "middle";

  const missing = drawPixels(context, UNASSIGNED);
  const isDrawn = (emoji: string): boolean => {
    const channels = drawPixels(context, emoji);
    return (
      channels.some((value) => value > MAX_BLANK_CHANNEL) &&
      channels.some((value, index) => value !== missing[index])
    );
  };
  if (!COLOURFUL_EMOJI.some((emoji) => isDrawn(emoji) && isColoured(drawPixels(context, emoji)))) {
    return {
      items: new Map([...items].map(([id, item]) => [id, withMonogram(item)])),
      excluded: [],
    };
  }
  const maxWidth = context.measureText("😀").width * 1.25;
  const isSupported = ({ glyph, isMonogram }: Item): boolean =>
    isMonogram ||
    ((!SEQUENCE.test(glyph) || context.measureText(glyph).width <= maxWidth) &&
      (!RECENT_BLOCKS.test(glyph) || isDrawn(glyph)));
  const supported = new Map<ItemId, Item>();
  const excluded: ItemId[] = [];
  await forEachInSlices(items.values(), (item) => {
    if (isSupported(item)) supported.set(item.id, item);
    else excluded.push(item.id);
  });
  return { items: supported, excluded };
}

/** The pixels of a text, four channels each. */
function drawPixels(context: CanvasRenderingContext2D, text: string): Uint8ClampedArray {
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
function isReadable(context: CanvasRenderingContext2D): boolean {
  const colour = [200, 100, 50, 255];
  context.fillStyle = `rgb(${colour.slice(0, 3).join(", ")})`;
  context.fillRect(0, 0, CANVAS_SIZE, CANVAS_SIZE);
  const { data } = context.getImageData(0, 0, CANVAS_SIZE, CANVAS_SIZE);
  return data.every((value, index) => Math.abs(value - (colour[index % 4] ?? 0)) <= 2);
}

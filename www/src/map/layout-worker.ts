/** The worker that computes the layout of the map, and posts it as it forms. */
import { fillSquare, type LayoutInput, layOut } from "./layout.js";

export interface LayoutMessage {
  places: Float32Array;
  /** Whether these are the final places. */
  isFinal: boolean;
}

const MESSAGE_INTERVAL_MS = 120;

addEventListener("message", ({ data }: MessageEvent<LayoutInput>) => {
  let postedAt = performance.now();
  let latest = data.places;
  for (const places of layOut(data)) {
    latest = places;
    if (performance.now() - postedAt < MESSAGE_INTERVAL_MS) continue;
    postedAt = performance.now();
    post({ places: fillSquare(places), isFinal: false });
  }
  post({ places: fillSquare(latest), isFinal: true });
});

function post(message: LayoutMessage): void {
  postMessage(message);
}

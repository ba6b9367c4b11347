/** The visible part of the map: which point is in the middle, and how many pixels a unit has. */

export interface Camera {
  /** Map coordinates of the middle of the picture. */
  x: number;
  y: number;
  /** CSS pixels per unit of the map. */
  scale: number;
}

/** Scale of the widest and of the closest view, in CSS pixels per unit. */
const MIN_SCALE = 60;
const MAX_SCALE = 20_000;
/** Maximum distance of the middle of the picture from that of the map, on each axis. */
const MAX_OFFSET = 1.7;
/** The share of the remaining way that remains after one millisecond of an animation. */
const EASE_PER_MS = 0.988;
/** An animation ends when less than this remains, in CSS pixels. */
const END_PX = 0.3;
/** Distance from the middle of the picture, in CSS pixels, at which a zoom is measured for that. */
const ZOOM_RADIUS_PX = 200;
/** Maximum time of one step of an animation: a slow frame must not make it jump. */
const MAX_STEP_MS = 100;

export function limitCamera({ x, y, scale }: Camera): Camera {
  const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));
  return {
    x: clamp(x, MAX_OFFSET),
    y: clamp(y, MAX_OFFSET),
    scale: Math.max(MIN_SCALE, Math.min(MAX_SCALE, scale)),
  };
}

/** The camera after a zoom that keeps the point at (px, py), relative to the middle, in place. */
export function zoomAt(camera: Camera, factor: number, px: number, py: number): Camera {
  const { scale } = limitCamera({ ...camera, scale: camera.scale * factor });
  return limitCamera({
    x: camera.x + px / camera.scale - px / scale,
    y: camera.y + py / camera.scale - py / scale,
    scale,
  });
}

/** Moves `camera` towards `target`, in place. Returns whether it has arrived. */
export function easeCamera(camera: Camera, target: Camera, elapsedMs: number): boolean {
  const remainingShare = EASE_PER_MS ** Math.min(elapsedMs, MAX_STEP_MS);
  camera.x = target.x + (camera.x - target.x) * remainingShare;
  camera.y = target.y + (camera.y - target.y) * remainingShare;
  camera.scale = target.scale * (camera.scale / target.scale) ** remainingShare;
  const movedPx = Math.hypot(camera.x - target.x, camera.y - target.y) * target.scale;
  const zoomedPx = Math.abs(Math.log(camera.scale / target.scale)) * ZOOM_RADIUS_PX;
  if (movedPx > END_PX || zoomedPx > END_PX) return false;
  Object.assign(camera, target);
  return true;
}

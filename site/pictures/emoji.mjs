// The data of the pictures: the emoji catalogue, and one history of ten taps on it.
import { readFile } from "node:fs/promises";
import { Catalogue, openSage } from "pocketsage";

const bytes = await readFile(new URL("../../pkg/emoji.sage", import.meta.url));
export const catalogue = await Catalogue.fromBytes(bytes);

/** A fixed clock, so that pictures are the same on each day. */
export const NOW = Date.UTC(2026, 0, 1);
export const DAY = 86_400_000;

/** Pizza, burger, taco, sushi; football, basketball, tennis; dog, cat, fox. */
export const TAPS = "1F355 1F354 1F32E 1F363 26BD 1F3C0 1F3BE 1F436 1F431 1F98A".split(" ");

/** A sage with these items recorded at NOW, or with these actions. */
export async function sageOf(actions, options = {}) {
  const sage = await openSage({ catalogue, now: () => NOW, ...options });
  await sage.record(
    actions.map((action) => (typeof action === "string" ? { item: action } : action)),
  );
  return sage;
}

/** The name of an item. */
export function nameOf(item) {
  const { label } = catalogue.payload(item);
  return label === "soccer ball" ? "football" : label;
}

export function cosine(a, b) {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / Math.sqrt(aa * bb);
}

/** The mean of unit vectors of items. */
export function meanOf(items) {
  const mean = new Float32Array(catalogue.dim);
  for (const item of items) {
    const vector = catalogue.vector(item);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < mean.length; i += 1) mean[i] += vector[i] / length / items.length;
  }
  return mean;
}

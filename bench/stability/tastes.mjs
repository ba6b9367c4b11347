// Seeded histories over the emoji catalogue: rows of the catalogue in the order they are tapped.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/lib/versions.mjs";

/** Fifteen plainly different emoji. */
const UNLIKE_EMOJI =
  "1F600 2764 1F355 1F3B8 1F431 2708 26BD 1F308 1F4BB 1F382 1F331 2615 1F30A 1F3AC 1F697".split(
    " ",
  );

/** Five foods, sports and animals, then six cars: a new interest that is clear. */
const CLEAR_EMOJI = [
  ..."1F355 1F354 1F35F 1F32D 1F32E 26BD 1F3C0 1F3C8 26BE 1F3BE".split(" "),
  ..."1F431 1F436 1F42D 1F439 1F430 1F697 1F695 1F699 1F68C 1F3CE 1F693".split(" "),
];
const CARS = 6;

/**
 * The emoji catalogue: `{ dim, spread, vectors, subgroups, unlike, clear }`. `vectors` has one
 * array per row, `subgroups` the rows of each Unicode subgroup, `unlike` the rows of fifteen
 * different emoji, `clear` those of three kinds, and the same with a fourth.
 */
export async function readEmoji() {
  const { Catalogue } = await import("pocketsage");
  const catalogue = await Catalogue.fromBytes(await readFile(join(root, "pkg", "emoji.sage")));
  const emojibase = join(root, "node_modules", "emojibase-data");
  const entries = JSON.parse(await readFile(join(emojibase, "en", "data.json"), "utf8"));
  const subgroupOf = new Map(entries.map(({ hexcode, subgroup }) => [hexcode, subgroup]));
  const ids = [...catalogue.ids()];
  const subgroups = new Map(); // Map.groupBy needs Node 21
  ids.forEach((id, row) => {
    const members = subgroups.get(subgroupOf.get(id)) ?? [];
    subgroups.set(subgroupOf.get(id), [...members, row]);
  });
  return {
    dim: catalogue.dim,
    spread: catalogue.spread,
    vectors: ids.map((id) => catalogue.vector(id)),
    subgroups: [...subgroups.values()],
    unlike: UNLIKE_EMOJI.map((id) => ids.indexOf(id)),
    clear: [CLEAR_EMOJI.slice(0, -CARS), CLEAR_EMOJI].map((hexcodes) =>
      hexcodes.map((id) => ids.indexOf(id)),
    ),
  };
}

/**
 * Tastes to tap through, by name. Each function returns the rows of one history of `taps` taps, or
 * of fewer.
 */
export const tastes = {
  /** Emoji at random. */
  unstructured: ({ vectors }, random, taps) => sample(vectors.keys(), taps, random),
  /** Four topics of twelve neighbours, and 30 % of the taps at random. */
  mixed: ({ vectors }, random, taps) => {
    const topics = sample(vectors.keys(), 4, random).map((row) => neighbours(vectors, row, 12));
    return Array.from({ length: taps }, () =>
      random() < 0.3
        ? Math.floor(random() * vectors.length)
        : choose(topics[Math.floor(random() * topics.length)], random),
    );
  },
  /** Two to eight subgroups of at most 20 emoji each, shuffled. */
  planted: ({ subgroups }, random, taps) => {
    const large = subgroups.filter((rows) => rows.length >= 5);
    const chosenSubgroups = sample(large, 2 + Math.floor(random() * 7), random);
    const rows = chosenSubgroups.flatMap((members) => sample(members, 20, random));
    return sample(rows, taps, random);
  },
};

/** Rows of `count` emoji of each of three random subgroups, and the subgroup of each row. */
export function plantThree({ subgroups }, count, random) {
  const chosenSubgroups = sample(
    subgroups.filter((rows) => rows.length >= count),
    3,
    random,
  );
  return {
    rows: chosenSubgroups.flatMap((members) => sample(members, count, random)),
    truth: chosenSubgroups.flatMap((_, subgroup) => Array(count).fill(subgroup)),
  };
}

/** At most `count` of the values, distinct, in random order. */
export function sample(values, count, random) {
  const pool = [...values];
  for (let i = 0; i < Math.min(count, pool.length); i += 1) {
    const other = i + Math.floor(random() * (pool.length - i));
    [pool[i], pool[other]] = [pool[other], pool[i]];
  }
  return pool.slice(0, count);
}

/** The rows of the `count` vectors of highest cosine to a row, itself included. */
function neighbours(vectors, row, count) {
  const scores = vectors.map((vector) => cosine(vector, vectors[row]));
  return [...vectors.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, count);
}

const choose = (values, random) => values[Math.floor(random() * values.length)];

/** The cosine of two unit vectors. */
export function cosine(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += a[k] * b[k];
  return sum;
}

// The program that every consumer runs: a fixed catalogue, four actions, twelve recommendations.
// It gives the catalogue to a function of another entry, which fails if there are two instances of
// the package.
import { createRequire } from "node:module";
import { join } from "node:path";

/** Its source is pasted into the projects, so it must not use anything but its arguments. */
const program = async ({ Catalogue, openSage, nameInterests }) => {
  let state = 1; // of the generator minstd
  const nextNumber = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const items = Array.from({ length: 300 }, (_, index) => [
    `item-${index}`,
    Array.from({ length: 16 }, nextNumber),
  ]);
  const catalogue = await Catalogue.from(items, { dim: 16 });
  const now = Date.UTC(2026, 0, 31);
  const sage = await openSage({ catalogue, now: () => now });
  const day = 86_400_000;
  await sage.record([3, 50, 120, 255].map((n) => ({ item: `item-${n}`, at: now - n * day })));
  if (nameInterests(await sage.profile(), catalogue).length === 0) throw new Error("no interests");
  return (await sage.recommend({ count: 12 })).map(({ item }) => item);
};

const body = `const program = ${program};`;

/** Exports `recommend()`, by `import` from this entry of the package and from a subpath. */
export const importModule = (entry = "pocketsage") =>
  `import { Catalogue, openSage } from "${entry}";
import { nameInterests } from "pocketsage/names";
${body}
export const recommend = () => program({ Catalogue, openSage, nameInterests });
`;

/** Exports `recommend()`, by `require`. */
export const requireModule = `const { Catalogue, openSage } = require("pocketsage");
const { nameInterests } = require("pocketsage/names");
${body}
exports.recommend = () => program({ Catalogue, openSage, nameInterests });
`;

/** A module of a page: shows the ids, or the error, as a property of the document. */
export const pageModule = (from = "./recommend.js") => `import { recommend } from "${from}";
recommend().then(
  (ids) => { globalThis.consumerResult = { ids }; },
  (error) => { globalThis.consumerResult = { error: String(error) }; },
);
`;

/** A page that runs the module at this address. */
export const pageWith = (script) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>consumer</title>
<link rel="icon" href="data:,"></head><body>${script}</body></html>
`;

/** A module that prints the ids on the standard output. */
export const printModule = `import { recommend } from "./recommend.js";
recommend().then((ids) => console.log(JSON.stringify({ ids })));
`;

/** The ids that Node recommends with the package at this path. */
export async function expectedIds(packageFolder) {
  const load = createRequire(join(packageFolder, "package.json"));
  return program({ ...load("pocketsage"), ...load("pocketsage/names") });
}

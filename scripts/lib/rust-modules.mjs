// The imports between the modules of src/, and the circles among them. Reads `use` declarations and
// qualified paths; follows re-exports to the file that defines the item. Test modules are left out.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./versions.mjs";

/** Every circle of src/, each as the files along it: `["src/a.rs", "src/b.rs", "src/a.rs"]`. */
export async function moduleCircles(folder = join(root, "src")) {
  const modules = await readModules(folder);
  const edges = new Map(
    [...modules].map(([path, module]) => [path, importsOf(path, module, modules)]),
  );
  return circlesOf(edges).map((circle) => circle.map((path) => modules.get(path).file));
}

/** Every file of src/ but wasm.rs that names a crate of JavaScript bindings. */
export async function misplacedBindings(folder = join(root, "src")) {
  const crates = /\b(wasm_bindgen|js_sys|serde_wasm_bindgen)\b/;
  const others = [...(await readModules(folder))].filter(([path]) => path !== "wasm");
  return others.filter(([, { code }]) => crates.test(code)).map(([, { file }]) => file);
}

/** Module path ("", "ward", "ward::chain") -> `{ file, code }`, without comments and tests. */
async function readModules(folder) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".rs"));
  const sources = names.filter((name) => !/(^|\/)(tests|testing)\.rs$/.test(name));
  const entries = sources.map(async (name) => {
    const path = name.replace(/\.rs$/, "").replace(/(^|\/)(mod|lib)$/, "");
    const text = await readFile(join(folder, name), "utf8");
    const code = text.replace(/#\[cfg\(test\)\]\s*mod \w+ \{[\s\S]*$/, "").replace(/\/\/.*$/gm, "");
    return [path.replaceAll("/", "::"), { file: `src/${name}`, code }];
  });
  return new Map(await Promise.all(entries));
}

function importsOf(path, { code }, modules) {
  const found = new Set();
  const own = usesOf(code.replace(/pub(\([^)]*\))? use [^;]+;/g, ""));
  for (const used of own) {
    const target = resolve(absolute(used, path, modules), modules);
    if (target !== undefined && target !== path) found.add(target);
  }
  return found;
}

/** Every path that the code names, groups expanded: `crate::{a::B, c}` is two paths. */
function usesOf(code) {
  const declared = [...code.matchAll(/\buse ([^;]+);/g)].flatMap(([, tree]) => expand(tree.trim()));
  const qualified = [...code.matchAll(/\b(?:crate|super)(?:::\w+)+/g)].map(([text]) => text);
  return [...declared, ...qualified];
}

function expand(tree) {
  const group = tree.match(/^([^{]*)\{([\s\S]*)\}$/);
  if (!group) return [tree.replace(/ as \w+$/, "").trim()];
  return splitTop(group[2]).flatMap((part) => expand(`${group[1]}${part}`.replace(/::self$/, "")));
}

/** Splits at the commas outside braces. */
function splitTop(text) {
  const parts = [];
  let [depth, start] = [0, 0];
  for (let i = 0; i <= text.length; i += 1) {
    if (text[i] === "{") depth += 1;
    if (text[i] === "}") depth -= 1;
    if (i < text.length && (text[i] !== "," || depth > 0)) continue;
    parts.push(text.slice(start, i).trim());
    start = i + 1;
  }
  return parts.filter((part) => part !== "");
}

/** The path from the root of the crate, or undefined for another crate's. */
function absolute(used, path, modules) {
  const segments = used.split("::").map((segment) => segment.trim());
  const here = path === "" ? [] : path.split("::");
  if (segments[0] === "crate") return segments.slice(1);
  if (segments[0] === "self") return [...here, ...segments.slice(1)];
  let up = 0;
  while (segments[up] === "super") up += 1;
  if (up > 0) return [...here.slice(0, here.length - up), ...segments.slice(up)];
  return modules.has([...here, segments[0]].join("::")) ? [...here, ...segments] : undefined;
}

/** The module that defines the item at this path: re-exports are followed. */
function resolve(segments, modules, depth = 0) {
  if (segments === undefined || depth > 8) return undefined;
  let length = segments.length;
  while (length > 0 && !modules.has(segments.slice(0, length).join("::"))) length -= 1;
  const path = segments.slice(0, length).join("::");
  const item = segments[length];
  const exported = [...modules.get(path).code.matchAll(/pub(?:\([^)]*\))? use ([^;]+);/g)]
    .flatMap(([, tree]) => expand(tree.trim()))
    .find((candidate) => item !== undefined && candidate.split("::").at(-1) === item);
  if (exported === undefined) return path;
  return resolve(absolute(exported, path, modules), modules, depth + 1);
}

/** One circle for each edge that closes one, found by depth-first search. */
function circlesOf(edges) {
  const circles = [];
  const done = new Set();
  const visit = (node, trail) => {
    const at = trail.indexOf(node);
    if (at >= 0) return void circles.push([...trail.slice(at), node]);
    if (done.has(node)) return;
    for (const next of edges.get(node) ?? []) visit(next, [...trail, node]);
    done.add(node);
  };
  for (const node of edges.keys()) visit(node, []);
  return circles;
}

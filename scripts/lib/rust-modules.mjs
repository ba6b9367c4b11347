// Finds import cycles between the modules of src/. Reads `use` declarations and qualified paths,
// and follows re-exports to the file that defines the item. Test modules are left out.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./versions.mjs";

/** The import cycles of src/, each as a path of files: `["src/a.rs", "src/b.rs", "src/a.rs"]`. */
export async function importCycles(folder = join(root, "src")) {
  const modules = await readModules(folder);
  const edges = new Map(
    [...modules].map(([path, module]) => [path, importsOf(path, module, modules)]),
  );
  return findCycles(edges).map((cycle) => cycle.map((path) => modules.get(path).file));
}

/** The files of src/ other than wasm.rs that name a crate of JavaScript bindings. */
export async function misplacedBindings(folder = join(root, "src")) {
  const bindingCrates = /\b(wasm_bindgen|js_sys|serde_wasm_bindgen)\b/;
  const otherModules = [...(await readModules(folder))].filter(([path]) => path !== "wasm");
  return otherModules
    .filter(([, { code }]) => bindingCrates.test(code))
    .map(([, { file }]) => file);
}

/**
 * A map from the path of each module ("", "ward", "ward::chain") to `{ file, code }`, the code
 * without comments and tests.
 */
async function readModules(folder) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".rs"));
  const sourceNames = names.filter((name) => !/(^|\/)(tests|testing)\.rs$/.test(name));
  const entries = sourceNames.map(async (name) => {
    const path = name.replace(/\.rs$/, "").replace(/(^|\/)(mod|lib)$/, "");
    const text = await readFile(join(folder, name), "utf8");
    const code = text.replace(/#\[cfg\(test\)\]\s*mod \w+ \{[\s\S]*$/, "").replace(/\/\/.*$/gm, "");
    return [path.replaceAll("/", "::"), { file: `src/${name}`, code }];
  });
  return new Map(await Promise.all(entries));
}

/** The paths of the modules that a module imports. */
function importsOf(path, { code }, modules) {
  const importedModules = new Set();
  const usedByModule = usedPaths(code.replace(/pub(\([^)]*\))? use [^;]+;/g, ""));
  for (const used of usedByModule) {
    const target = definingModule(absolutePath(used, path, modules), modules);
    if (target !== undefined && target !== path) importedModules.add(target);
  }
  return importedModules;
}

/** The module paths in Rust code: those of `use` declarations (groups expanded) and others. */
function usedPaths(code) {
  const declaredPaths = [...code.matchAll(/\buse ([^;]+);/g)].flatMap(([, tree]) =>
    expandUseTree(tree.trim()),
  );
  const qualifiedPaths = [...code.matchAll(/\b(?:crate|super)(?:::\w+)+/g)].map(([text]) => text);
  return [...declaredPaths, ...qualifiedPaths];
}

/** The paths of a `use` tree: `crate::{a::B, c}` has two, `crate::a::B` and `crate::c`. */
function expandUseTree(tree) {
  const useGroup = tree.match(/^([^{]*)\{([\s\S]*)\}$/);
  if (!useGroup) return [tree.replace(/ as \w+$/, "").trim()];
  return splitAtOuterCommas(useGroup[2]).flatMap((part) =>
    expandUseTree(`${useGroup[1]}${part}`.replace(/::self$/, "")),
  );
}

/** Splits the inside of a `use` group at its commas, except those in nested braces. */
function splitAtOuterCommas(text) {
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

/**
 * The segments of a used path from the root of this crate; undefined for a path of another crate.
 */
function absolutePath(used, path, modules) {
  const segments = used.split("::").map((segment) => segment.trim());
  const ownSegments = path === "" ? [] : path.split("::");
  if (segments[0] === "crate") return segments.slice(1);
  if (segments[0] === "self") return [...ownSegments, ...segments.slice(1)];
  let superCount = 0;
  while (segments[superCount] === "super") superCount += 1;
  if (superCount > 0)
    return [
      ...ownSegments.slice(0, ownSegments.length - superCount),
      ...segments.slice(superCount),
    ];
  return modules.has([...ownSegments, segments[0]].join("::"))
    ? [...ownSegments, ...segments]
    : undefined;
}

/** The path of the module that defines the item with these segments. Follows re-exports. */
function definingModule(segments, modules, depth = 0) {
  if (segments === undefined || depth > 8) return undefined;
  let length = segments.length;
  while (length > 0 && !modules.has(segments.slice(0, length).join("::"))) length -= 1;
  const path = segments.slice(0, length).join("::");
  const item = segments[length];
  const exported = [...modules.get(path).code.matchAll(/pub(?:\([^)]*\))? use ([^;]+);/g)]
    .flatMap(([, tree]) => expandUseTree(tree.trim()))
    .find((candidate) => item !== undefined && candidate.split("::").at(-1) === item);
  if (exported === undefined) return path;
  return definingModule(absolutePath(exported, path, modules), modules, depth + 1);
}

/** One cycle for each edge that closes a cycle, found by depth-first search. */
function findCycles(edges) {
  const cycles = [];
  const finishedNodes = new Set();
  const visitNode = (node, pathToNode) => {
    const cycleStart = pathToNode.indexOf(node);
    if (cycleStart >= 0) return void cycles.push([...pathToNode.slice(cycleStart), node]);
    if (finishedNodes.has(node)) return;
    for (const next of edges.get(node) ?? []) visitNode(next, [...pathToNode, node]);
    finishedNodes.add(node);
  };
  for (const node of edges.keys()) visitNode(node, []);
  return cycles;
}

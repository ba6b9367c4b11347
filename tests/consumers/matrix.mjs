// All consumers. Each is `{ name, group, tool, core, nodeGroup, run }`: the folder of
// tests/consumers/tools/ that has its tools, the package whose version is printed, whether
// `npm test` runs it, the group whose Node runs it where that of the machine is too old, and the
// function that builds and runs a project and resolves to the recommended ids.
import { angularMatrix } from "./matrix/angular.mjs";
import { bundlerMatrix } from "./matrix/bundlers.mjs";
import { frameworkMatrix } from "./matrix/frameworks.mjs";
import { runnerMatrix } from "./matrix/runners.mjs";
import { viteMatrix } from "./matrix/vite.mjs";

export const consumers = [
  ...viteMatrix,
  ...bundlerMatrix,
  ...runnerMatrix,
  ...frameworkMatrix,
  ...angularMatrix,
];

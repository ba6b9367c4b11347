// Type errors of programs that are not run, against the declarations of the packed package.
import { writeFile } from "node:fs/promises";
import ts from "typescript";

const OPTIONS = {
  allowJs: true,
  checkJs: true,
  noEmit: true,
  strict: false,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  jsx: ts.JsxEmit.Preserve,
  lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  types: ["node"],
};
/** Modules, JSX elements and globals of tools that the reader has and this project has not. */
const isOfOtherPackage = (code, message) =>
  ([2307, 7016, 2875].includes(code) && !message.includes("'pocketsage")) ||
  [7026, 2582, 2593].includes(code) ||
  message === "Cannot find name 'expect'.";

/** Errors of programs `{ name, code, line }` as `{ line, message }`, `line` that of the block. */
export async function typeErrors(programs) {
  if (programs.length === 0) return [];
  for (const { name, code } of programs) await writeFile(name, code);
  const names = new Map(programs.map((program) => [program.name, program]));
  const program = ts.createProgram([...names.keys()], OPTIONS);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, code, messageText }) => ({
      program: names.get(file?.fileName),
      code,
      message: ts.flattenDiagnosticMessageText(messageText, "\n"),
    }))
    .filter(
      ({ program: errorProgram, code, message }) =>
        errorProgram && !isOfOtherPackage(code, message),
    )
    .map(({ program: { line }, message }) => ({ line, message }));
}

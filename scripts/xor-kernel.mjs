// Assembles ts/privacy/server/xor.wat to ts/privacy/server/kernel-bytes.ts, which is committed: the
// build needs no assembler, and a test compares the two.
//   node scripts/xor-kernel.mjs
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import binaryen from "binaryen";
import { root } from "./lib/versions.mjs";

const folder = join(root, "ts", "privacy", "server");

/** The text of kernel-bytes.ts. */
export async function kernelSource() {
  const module = binaryen.parseText(await readFile(join(folder, "xor.wat"), "utf8"));
  module.setFeatures(binaryen.Features.SIMD128);
  if (!module.validate()) throw new Error("ts/privacy/server/xor.wat is invalid");
  binaryen.setOptimizeLevel(3);
  module.optimize();
  const lines = Buffer.from(module.emitBinary())
    .toString("base64")
    .match(/.{1,90}/g);
  const text = lines.map((line) => `  "${line}"`).join(" +\n");
  const head = "/** xor.wat, assembled by scripts/xor-kernel.mjs: base64 of the wasm. */";
  return `${head}\nexport const KERNEL_BASE64 =\n${text};\n`;
}

if (process.argv[1] === import.meta.filename)
  await writeFile(join(folder, "kernel-bytes.ts"), await kernelSource());

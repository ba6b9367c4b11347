/** `pocketsage verify`: checks every byte of a catalogue or a delta, and that its parts agree. */

import { readAttributes } from "../../catalogue/attributes.js";
import { liveRows } from "../../catalogue/change.js";
import { factsOf } from "../../catalogue/facts.js";
import { decodePrior, readPriors } from "../../catalogue/priors.js";
import { ATTRIBUTES, BASE, decodeRevision, PRIOR_CHANGES } from "../../catalogue/sections.js";
import { init, withCore } from "../../core/glue.js";
import type { CoreCatalogue } from "../../core/interface.js";
import { LIMITS } from "../../values/limits.js";
import { parseArguments, requireValue } from "../arguments.js";
import { InputError, messageOf } from "../command-error.js";
import { displayName, readBytes } from "../read/stream.js";
import { formatCount, print, printFields, printJson } from "../terminal/print.js";

export const help = `Check that a catalogue or a delta is intact.

Usage
  pocketsage verify FILE [options]

  FILE is written by pocketsage build, delta or merge; - is the standard input. Checked are the
  hash over every byte, the header, the section table and all lengths; that ids are unique and
  each is found; that payloads are JSON; that vectors and priors are finite; and that attributes
  and inverted lists match the rows.

Options
  -q, --quiet  no notes on the standard error
      --json   the result as JSON
  -h, --help   this text

Example
  $ pocketsage verify emoji.sage

Exit codes
  0  the file is intact
  1  the file is damaged (the message names the defect) or cannot be read
  2  the command line is invalid
`;

const OPTIONS = {
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  const file = requireValue("the file", positionals[0]);
  const bytes = await readBytes(file);
  let report;
  try {
    report = await verifyBytes(bytes);
  } catch (error) {
    throw new InputError(`${displayName(file)}: ${messageOf(error)}`);
  }
  if (values.json) return printJson({ file: displayName(file), bytes: bytes.length, ...report });
  print(`${displayName(file)}: intact`);
  printFields([
    ["kind", report.kind],
    ["items", formatCount(report.items)],
    ["priors", formatCount(report.priors)],
    ["bytes", formatCount(bytes.length)],
    ["hash", report.hash],
    ["revision", report.revision],
    ...(report.base ? [["base", report.base] as const] : []),
  ]);
}

/** The contents of an intact file. */
interface VerifiedFile {
  kind: "catalogue" | "delta";
  items: number;
  /** Items with a prior above 0; in a delta, items with another prior. */
  priors: number;
  hash: string;
  revision: string;
  /** The revision that a delta applies to. */
  base?: string;
}

/** Rejects with the first defect if the bytes are not an intact catalogue or delta. */
export async function verifyBytes(bytes: Uint8Array): Promise<VerifiedFile> {
  await init();
  return withCore((core) => {
    const catalogue = core.CoreCatalogue.fromBytes(bytes, true);
    try {
      return verifyRows(catalogue);
    } finally {
      catalogue.free();
    }
  });
}

/** Checks what the core does not: attributes, and every row's id, payload and vector. */
function verifyRows(core: CoreCatalogue): VerifiedFile {
  const { size, rows, hash, revision } = factsOf(core);
  readAttributes(core.section(ATTRIBUTES), rows);
  for (const row of liveRows(core)) {
    const id = core.id(row)!;
    if (core.row(id) !== row)
      throw new InputError(`a lookup of the id "${id}" does not return its row, ${row}`);
    const payload = core.payload(row);
    try {
      if (payload !== undefined) JSON.parse(payload);
    } catch (error) {
      throw new InputError(`the payload of "${id}" is not JSON: ${messageOf(error)}`);
    }
    const vector = core.vectors(Uint32Array.of(row));
    const index = vector.findIndex((value) => !Number.isFinite(value));
    if (index >= 0)
      throw new InputError(
        `the vector of "${id}" is not finite: component ${index} is ${vector[index]}`,
      );
  }
  const base = core.section(BASE);
  const priors = readPriors(core).filter((code) => code > 0).length;
  if (base.length === 0) return { kind: "catalogue", items: size, priors, hash, revision };
  const changes = core.section(PRIOR_CHANGES);
  verifyPriorChanges(changes);
  return {
    kind: "delta",
    items: size,
    priors: priors + changes.length / 6,
    hash,
    revision,
    base: decodeRevision(base),
  };
}

/** Checks what a merge would check: the section has m u32 and m f16, which are priors. */
function verifyPriorChanges(changes: Uint8Array): void {
  const count = changes.length / 6;
  if (!Number.isInteger(count))
    throw new InputError(`the changes of priors have ${changes.length} bytes, not a multiple of 6`);
  const codes = new Uint16Array(changes.buffer, count * 4, count);
  const index = codes.findIndex((code) => !(decodePrior(code) <= LIMITS.maxPrior));
  if (index >= 0)
    throw new InputError(
      `the changed prior ${index} is out of range: its bits are ${codes[index]}`,
    );
}

/** `pocketsage verify`: is the file whole, and does everything in it fit together? */
import { readAttributes } from "../../catalogue/attributes.js";
import { liveRows } from "../../catalogue/change.js";
import { ATTRIBUTES, BASE, decodeRevision } from "../../catalogue/sections.js";
import { init, withCore } from "../../core/glue.js";
import type { CoreCatalogue } from "../../core/interface.js";
import { need, parseOptions } from "../arguments.js";
import { InputError, messageOf } from "../command-error.js";
import { nameOf, readBytes } from "../read/stream.js";
import { count, print, printFacts, printJson } from "../terminal/print.js";

export const help = `Check that a catalogue, or a delta, is whole and unaltered.

Usage
  pocketsage verify FILE [options]

  FILE is made by pocketsage build, delta or merge, or - for the standard input. Checked are the hash over every byte,
  the header, the table of sections and all lengths, that ids are unique and each is found, that payloads are JSON,
  that vectors are finite, and that attributes and lists fit their rows.

Options
      --json  the result as JSON
  -h, --help  this text

Example
  $ pocketsage verify emoji.sage

Exit codes
  0  the file is whole
  1  it is not, and the message says what is wrong; or it cannot be read
  2  the command line is wrong
`;

const OPTIONS = {
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, argument } = parseOptions(args, OPTIONS);
  const file = need("the file", argument);
  const bytes = await readBytes(file);
  let result;
  try {
    result = await verifyBytes(bytes);
  } catch (error) {
    throw new InputError(`${nameOf(file)}: ${messageOf(error)}`);
  }
  if (values.json) return printJson({ file: nameOf(file), bytes: bytes.length, ...result });
  print(`${nameOf(file)}: whole`);
  printFacts([
    ["kind", result.kind],
    ["items", count(result.items)],
    ["bytes", count(bytes.length)],
    ["hash", result.hash],
    ["revision", result.revision],
    ...(result.base ? [["base", result.base] as const] : []),
  ]);
}

/** What a whole file holds. */
interface Verified {
  kind: "catalogue" | "delta";
  items: number;
  hash: string;
  revision: string;
  base?: string;
}

/** Rejects for bytes that are not a whole file. */
export async function verifyBytes(bytes: Uint8Array): Promise<Verified> {
  await init();
  return withCore((core) => {
    const catalogue = core.CoreCatalogue.fromBytes(bytes, true);
    try {
      return check(catalogue);
    } finally {
      catalogue.free();
    }
  });
}

function check(core: CoreCatalogue): Verified {
  const { size, rows, hash, revision } = core.facts();
  readAttributes(core.section(ATTRIBUTES), rows);
  for (const row of liveRows(core, true)) {
    const id = core.id(row)!;
    if (core.row(id) !== row)
      throw new InputError(`the id "${id}" of row ${row} is not found by its id`);
    const payload = core.payload(row);
    try {
      if (payload !== undefined) JSON.parse(payload);
    } catch (error) {
      throw new InputError(`the payload of "${id}" is no JSON: ${messageOf(error)}`);
    }
    const wrong = core.vectors(Uint32Array.of(row)).findIndex((number) => !Number.isFinite(number));
    if (wrong >= 0) throw new InputError(`number ${wrong} of the vector of "${id}" is not finite`);
  }
  const base = core.section(BASE);
  if (base.length === 0) return { kind: "catalogue", items: size, hash, revision };
  return { kind: "delta", items: size, hash, revision, base: decodeRevision(base) };
}

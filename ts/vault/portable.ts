/**
 * `exportJson` and `importJson`: all stored data of a user as one JSON document, which the user can
 * read, keep and import elsewhere. docs/export.md describes it.
 */
import { init } from "../core/glue.js";
import { SageError } from "../errors.js";
import { decodeLog, encodeLog } from "../sage/log-format.js";
import type { Profile, Sage } from "../sage/types.js";
import {
  checkDim,
  checkKeys,
  checkMethods,
  inspect,
  toBytes,
  unexpected,
} from "../values/check.js";
import type { JsonExportOptions } from "./types.js";

const FORMAT = "pocketsage-export";
const VERSION = 1;
type Log = ReturnType<typeof decodeLog>;

/**
 * The history, the marks and the deletions of a sage, and a ledger, as JSON. Equal content gives
 * an equal text. Rejects as `sage.export`, and for the ledger with "option" or, if it is damaged,
 * "corrupt".
 */
export async function exportJson(
  sage: Pick<Sage, "export" | "profile">,
  options: JsonExportOptions = {},
): Promise<string> {
  checkMethods("exportJson: sage", sage, ["export", "profile"]);
  checkKeys("exportJson", options, ["ledger"]);
  const ledger = readLedger(options.ledger);
  await init();
  const bytes = await sage.export();
  const profile: Partial<Profile> | undefined = await sage.profile();
  const dim = checkDim("exportJson: sage.profile().dim", profile?.dim);
  const { space, entries, marks, tombstones } = decodeLog(bytes, dim);
  const document = {
    format: FORMAT,
    version: VERSION,
    dim,
    space,
    actions: entries.map(({ item, at, vector, ...rest }) => ({
      item,
      at,
      time: isoTime(at),
      ...rest,
      ...(vector && { vector: Array.from(vector) }),
    })),
    marks,
    deletions: tombstones,
    ledger,
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

/**
 * Merges an export into a sage, as `sage.import` does: stored actions are not added twice,
 * and deletions win. Resolves to the ledger of the export for `privacy.importLedger`, if it has
 * one. Rejects with code "corrupt", "version" or "dimension", and as `sage.import`; then nothing
 * was changed.
 */
export async function importJson(
  sage: Pick<Sage, "import">,
  text: string,
): Promise<Uint8Array | undefined> {
  checkMethods("importJson: sage", sage, ["import"]);
  if (typeof text !== "string") throw unexpected("importJson", "a string", text);
  // Editors may begin a file with a byte order mark.
  const document = parse(text.replace(/^\ufeff/, ""), "The export");
  if (document.format !== FORMAT)
    throw corrupt(`expected the format ${FORMAT}, saw ${inspect(document.format)}`);
  const { version, dim, ledger } = document;
  if (typeof version === "number" && version > VERSION)
    throw new SageError(
      "version",
      `The export has version ${version}, this package reads ${VERSION}: update pocketsage.`,
    );
  if (version !== VERSION) throw corrupt(`version ${inspect(version)}`);
  await init();
  let bytes: Uint8Array;
  try {
    bytes = encodeLog(logOf(document, dim as number), dim as number);
  } catch (error) {
    throw error instanceof SageError ? error : corrupt("its fields are invalid", error);
  }
  try {
    await sage.import(bytes);
  } catch (error) {
    if (!(error instanceof SageError) || error.code !== "corrupt") throw error;
    throw corrupt(findInvalid(document, dim as number), error);
  }
  return ledger === undefined ? undefined : new TextEncoder().encode(JSON.stringify(ledger));
}

/** The bytes of `privacy.exportLedger()` as a document. */
function readLedger(bytes: unknown): Document | undefined {
  if (bytes === undefined) return undefined;
  const read = toBytes(bytes);
  try {
    if (read) return parse(new TextDecoder().decode(read), "The ledger");
  } catch {
    // Refused below.
  }
  throw new SageError(
    read ? "corrupt" : "option",
    "exportJson: ledger: expected the bytes of privacy.exportLedger(), saw " +
      `${read ? `${read.length} other bytes` : inspect(bytes)}.`,
  );
}

/** The first operation of a refused document that is refused on its own, as text. */
function findInvalid(document: Document, dim: number): string {
  const none = { actions: [], marks: [], deletions: [], space: undefined };
  for (const list of ["actions", "marks", "deletions"])
    for (const [row, operation] of (document[list] as unknown[]).entries())
      try {
        decodeLog(encodeLog(logOf({ ...none, [list]: [operation] }, dim), dim), dim);
      } catch {
        const seen = inspect(JSON.stringify(operation));
        return `${list}[${row}]: expected the fields that exportJson writes, saw ${seen}`;
      }
  return `space: expected a name, saw ${inspect(document.space)}`;
}

type Document = Record<string, unknown>;

/** The operations of a document. Checks types only as encoding needs: `sage.import` validates. */
function logOf({ space, actions, marks, deletions }: Document, dim: number): Log {
  if (!Array.isArray(actions) || !Array.isArray(marks) || !Array.isArray(deletions))
    throw corrupt("expected lists of actions, marks and deletions");
  if (!Number.isSafeInteger(dim) || dim < 1) throw corrupt(`dim: ${inspect(dim)}`);
  const entries = (actions as (Document & { item: string; at: number })[]).map(
    ({ time: _, vector, ...rest }, row) => {
      if (vector === undefined) return rest;
      const isVector =
        Array.isArray(vector) && vector.length === dim && vector.every(Number.isFinite);
      if (!isVector) throw corrupt(`actions[${row}].vector: expected ${dim} finite numbers`);
      return { ...rest, vector: Float32Array.from(vector as number[]) };
    },
  );
  return { space, entries, marks, tombstones: deletions } as unknown as Log;
}

function parse(text: string, name: string): Document {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Document;
  } catch (cause) {
    throw corrupt(`${name} is no JSON`, cause);
  }
  throw corrupt(`${name} is no JSON object`);
}

function corrupt(problem: string, cause?: unknown): SageError {
  return new SageError(
    "corrupt",
    `Not an export in JSON, or a damaged one: ${problem}. Nothing was changed.`,
    { cause },
  );
}

/** The time as ISO 8601, for people; null if it is outside of the range of Date. */
function isoTime(at: number): string | null {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : null;
}

/** `pocketsage migrate`: converts a log to the catalogue of another model. */
import { isSageError } from "../../errors.js";
import { fitBridge } from "../../sage/migrate/bridge.js";
import { migrateLog } from "../../sage/migrate/convert.js";
import type { BridgeReport } from "../../sage/migrate/retention.js";
import { parseArguments, parseShare, requireValue } from "../arguments.js";
import { InputError, UsageError } from "../command-error.js";
import { openOutput } from "../output-file.js";
import { readCatalogue } from "../read/catalogue-file.js";
import { displayName, readBytes } from "../read/stream.js";
import { formatCount, print, printFields, printJson } from "../terminal/print.js";

export const help = `Convert a user's history to a catalogue of another embedding model.

Usage
  pocketsage migrate OLD NEW [LOG -o NEWLOG] [options]

  OLD and NEW are catalogues of the two models; LOG is a history, the result of sage.export().
  Actions on items of NEW are looked up there by id. Vectors of other items cross a bridge that is
  fitted on the items that both catalogues have, at least 100. LOG is not changed: keep it to roll
  back. Without LOG: fit the bridge and report how much of the neighbourhood it keeps.

Options
  -o, --out FILE             where to write the converted history
      --min-retention SHARE  least share of the neighbourhood that a bridge must keep, 0 to 1
                             (default: 0.8); chance is 0
  -q, --quiet                no notes on the standard error
      --json                 the report as JSON
  -h, --help                 this text

Example
  $ pocketsage migrate minilm.sage e5.sage alice.sage-log -o alice.e5.sage-log

Exit codes
  0  success
  1  a file cannot be read or written, or the bridge is refused; then no file is written
  2  the command line is invalid
`;

const OPTIONS = {
  out: { type: "string", short: "o" },
  "min-retention": { type: "string", default: "0.8" },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS, 3);
  const older = requireValue("the file of the old catalogue", positionals[0]);
  const newer = requireValue("the file of the new catalogue", positionals[1]);
  const logFile = positionals[2];
  if (logFile === undefined && values.out !== undefined)
    throw new UsageError("-o: expected the file of a history, LOG, as the third argument");
  const output =
    logFile === undefined
      ? undefined
      : await openOutput(requireValue("-o NEWLOG", values.out), [older, newer, logFile]);
  const options = { minRetention: parseShare("--min-retention", values["min-retention"]) };
  const { catalogue: from } = await readCatalogue(older);
  const { catalogue: to } = await readCatalogue(newer);
  try {
    if (!output) return reportBridge(fitBridge(from, to, options).report, values.json);
    const { log, report } = migrateLog(await readBytes(logFile!), from, to, options);
    await output.write(log);
    if (values.json) return printJson({ file: output.name, bytes: log.length, ...report });
    print(output.name);
    printFields([
      ["actions", formatCount(report.actions)],
      ["by id", formatCount(report.byId)],
      ["bridged", formatCount(report.bridged)],
      ["no vector", formatCount(report.withoutVector)],
      ...(report.bridge ? fieldsOf(report.bridge) : []),
    ]);
  } catch (error) {
    if (!isSageError(error)) throw error;
    const message = error.message
      .replace("migrate: ", "")
      .replace("minRetention", "--min-retention");
    if (logFile !== undefined && error.code !== "option")
      throw new InputError(
        `${displayName(logFile)}: ${message} ` +
          "Expected a history that sage.export() returned for the old catalogue.",
      );
    throw new InputError(`${displayName(older)} and ${displayName(newer)}: ${message}`);
  }
}

function reportBridge(report: BridgeReport, asJson: boolean): void {
  if (asJson) return printJson(report);
  print("bridge");
  printFields(fieldsOf(report));
}

function fieldsOf(report: BridgeReport): [name: string, value: string][] {
  const { from = "(no name)", to = "(no name)", fitted, heldOut } = report;
  return [
    ["from", from],
    ["to", to],
    ["fitted on", `${formatCount(fitted)} items, measured on ${formatCount(heldOut)} others`],
    ["retention", `${report.retention.toFixed(3)} of the neighbourhood above chance`],
    ["", `${report.scoreShare.toFixed(3)} of the neighbours' score`],
    ["recall@10", report.recall.toFixed(3)],
  ];
}

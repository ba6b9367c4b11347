/**
 * `pocketsage privacy plan`: ways to retrieve, with their utility, bytes and epsilon.
 * `pocketsage privacy ledger`: what releases have cost.
 */
import { decodeState, type PrivacyState, reportOf } from "../../privacy/ledger.js";
import { type PrivacyChoice, plan } from "../../privacy/planner.js";
import { parseArguments, parseInteger, parseNumber, requireValue } from "../arguments.js";
import { UsageError } from "../command-error.js";
import { readBytes } from "../read/stream.js";
import { formatCount, print, printFields, printJson, printTable } from "../terminal/print.js";

export const help = `Plan what may leave a device to retrieve items, and read what it has cost.

Usage
  pocketsage privacy plan --items N --bytes N [options]
  pocketsage privacy ledger FILE [--cap NUMBER] [options]

  plan prints the ways to retrieve side by side: the whole catalogue (local), two servers that do
  not collude (split), a random public shard (shard) and epsilon-locally private sets of cells
  (static).
  The choice spends no epsilon where a way without any is as good. Utilities are interpolated from
  measurements on 20,000 texts: docs/decisions/0045-planner.md.

  ledger prints the epsilon of each epoch and in all, from the bytes of privacy.exportLedger();
  - is the standard input. The true cells in the file are not printed.

Options
      --items N        items of the catalogue
      --bytes N        bytes that a device may download in an epoch
      --epsilon NUMBER largest epsilon of one released set; default: none is spent
      --hosts N        servers of operators that do not collude (default: 1)
      --dim N          components of a vector (default: 128)
      --text-bytes N   typical bytes of an id and a payload (default: 20)
      --interests N    interests per epoch (default: 5)
      --epoch-days N   length of an epoch in days (default: 1)
      --cap NUMBER     of ledger: the cap of openPrivacy, to print what is left of it
      --json           the result as JSON
  -h, --help           this text

Example
  $ pocketsage privacy plan --items 1000000 --bytes 500000 --hosts 2
  $ pocketsage privacy ledger my.ledger --cap 40

Exit codes
  0  success
  1  no choice fits into the bytes, or the file is no ledger
  2  the command line is invalid
`;

const OPTIONS = {
  items: { type: "string" },
  bytes: { type: "string" },
  epsilon: { type: "string" },
  hosts: { type: "string", default: "1" },
  dim: { type: "string", default: "128" },
  "text-bytes": { type: "string", default: "20" },
  interests: { type: "string", default: "5" },
  "epoch-days": { type: "string", default: "1" },
  cap: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS, 2);
  const [action, file] = positionals;
  if (action === "ledger") return showLedger(file, values.cap, values.json);
  if (action !== "plan")
    throw new UsageError(`expected privacy plan or ledger, saw privacy ${action ?? "alone"}`);
  if (file !== undefined) throw new UsageError(`expected no file after plan, saw ${file}`);
  const { epsilon } = values;
  const privacyPlan = plan({
    items: parseInteger("--items", requireValue("--items N", values.items)),
    bytes: parseNumber("--bytes", requireValue("--bytes N", values.bytes)),
    ...(epsilon !== undefined && { epsilon: parseNumber("--epsilon", epsilon) }),
    hosts: parseInteger("--hosts", values.hosts),
    dim: parseInteger("--dim", values.dim),
    textBytes: parseInteger("--text-bytes", values["text-bytes"]),
    interests: parseInteger("--interests", values.interests),
    epochDays: parseNumber("--epoch-days", values["epoch-days"]),
  });
  if (values.json) printJson(privacyPlan);
  else
    printTable(
      ["  way", ">K", ">p", ">utility", ">bytes", ">codebook", ">CPU ms", ">eps/month", ""],
      privacyPlan.choices.map((choice) => rowOf(choice, choice === privacyPlan.choice)),
    );
}

function rowOf(choice: PrivacyChoice, isChosen: boolean): string[] {
  const { kind, cells, probes, utility, bytes, codebookBytes, cpuMs, epsilonPerMonth, note } =
    choice;
  return [
    `${isChosen ? "> " : "  "}${kind}`,
    cells > 0 ? formatCount(cells) : "",
    probes > 0 ? formatCount(probes) : "",
    utility.toFixed(2),
    formatCount(bytes),
    formatCount(codebookBytes),
    cpuMs.toFixed(1),
    epsilonPerMonth.toFixed(0),
    note,
  ];
}

/** The costs in a ledger: of each epoch, in all and, with `--cap`, what is left. */
async function showLedger(
  file: string | undefined,
  capText: string | undefined,
  asJson: boolean,
): Promise<void> {
  const name = requireValue("the file of the ledger", file);
  const cap = capText === undefined ? undefined : parseNumber("--cap", capText);
  if (cap !== undefined && cap <= 0)
    throw new UsageError(`--cap: expected a number above 0, saw ${cap}`);
  const state = decodeState(await readBytes(name));
  const { lifetime, epochs } = reportOf(state, cap ?? Infinity, 0);
  const { paidSets, randomSets } = countSets(state);
  const left = cap === undefined ? undefined : Math.max(0, cap - lifetime);
  if (asJson)
    return printJson({
      lifetime,
      epochs,
      paidSets,
      randomSets,
      ...(cap !== undefined && { cap, left }),
    });
  printFields([
    ["lifetime", `epsilon ${lifetime.toFixed(3)}`],
    ...(left === undefined ? [] : [["left", `${left.toFixed(3)} of ${cap}`] as const]),
    ["sets", `${formatCount(paidSets)} for interests, ${formatCount(randomSets)} random`],
  ]);
  if (epochs.length === 0) return print("No release has cost anything.");
  printTable(
    [">epoch", ">epsilon"],
    epochs.map(({ epoch, epsilon }) => [String(epoch), epsilon.toFixed(3)]),
  );
}

/** Released sets that cost epsilon, and those that fill up at no cost. */
function countSets({ releases }: PrivacyState): { paidSets: number; randomSets: number } {
  const paidSets = releases.filter(({ epsilon }) => epsilon > 0).length;
  return { paidSets, randomSets: releases.length - paidSets };
}

/** `pocketsage privacy plan`: ways to retrieve, with their utility, bytes and epsilon. */
import { type PrivacyChoice, plan } from "../../privacy/planner.js";
import { parseArguments, parseInteger, parseNumber, requireValue } from "../arguments.js";
import { UsageError } from "../command-error.js";
import { formatCount, printJson, printTable } from "../terminal/print.js";

export const help = `Plan what may leave a device to retrieve items from a catalogue.

Usage
  pocketsage privacy plan --items N --bytes N [options]

  Prints the ways to retrieve side by side: the whole catalogue (local), two servers that do not
  collude (split), a random public shard (shard) and epsilon-locally private sets of cells (static).
  The choice spends no epsilon where a way without any is as good. Utilities are interpolated from
  measurements on 20,000 texts: docs/decisions/0045-planner.md.

Options
      --items N        items of the catalogue
      --bytes N        bytes that a device may download in an epoch
      --epsilon NUMBER largest epsilon of one released set; default: none is spent
      --hosts N        servers of operators that do not collude (default: 1)
      --dim N          components of a vector (default: 128)
      --text-bytes N   typical bytes of an id and a payload (default: 20)
      --interests N    interests per epoch (default: 5)
      --epoch-days N   length of an epoch in days (default: 1)
      --json           the plan as JSON
  -h, --help           this text

Example
  $ pocketsage privacy plan --items 1000000 --bytes 500000 --hosts 2

Exit codes
  0  a choice was found
  1  no choice fits into the bytes
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
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  if (positionals[0] !== "plan")
    throw new UsageError(`expected privacy plan, saw privacy ${positionals[0] ?? "alone"}`);
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

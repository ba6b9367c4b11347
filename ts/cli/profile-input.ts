/**
 * The input of `profile` and `recommend`: the options that define how actions become interests, and
 * a sage that has recorded the actions of a file.
 */
import type { Catalogue } from "../catalogue/catalogue.js";
import { isSageError } from "../errors.js";
import { LIMITS } from "../limits.js";
import { openSage } from "../sage/open.js";
import type { Sage, SageOptions } from "../sage/types.js";
import {
  parseCut,
  parseKindWeights,
  parseNumber,
  parseSingletons,
  parseTime,
} from "./arguments.js";
import { UsageError } from "./command-error.js";
import { readActions } from "./read/action-file.js";
import { readCatalogue } from "./read/catalogue-file.js";
import { formatCount, printNote } from "./terminal/print.js";

/** The options that both commands accept, for `parseArguments`. */
export const PROFILE_OPTIONS = {
  catalogue: { type: "string", short: "c" },
  actions: { type: "string", short: "a" },
  now: { type: "string" },
  cut: { type: "string", default: "auto" },
  "half-life": { type: "string" },
  singletons: { type: "string", default: "keep" },
  kind: { type: "string", multiple: true, default: [] as string[] },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

const WEIGHTS = `${LIMITS.minWeight} to ${LIMITS.maxWeight}`;

/** The lines about these options in the help of a command, without --catalogue, -q and --json. */
export const PROFILE_HELP = `  -a, --actions FILE     JSON lines or CSV, one action a line:
                           item    id of the item
                           at      milliseconds since 1970 or an ISO time (default: now)
                           kind    the kind of action: save, click, ... (see --kind)
                           weight  the action counts as done this often, ${WEIGHTS}
                                   (default: 1, or the weight of its kind)
                           vector  embedding, for an item that is not in the catalogue
      --cut RULE         where the tree of actions is cut into interests: auto (default),
                         cosine=0.6 (least cosine), threshold=1.2 (Ward height),
                         count=5 (interests), or spread=0.7 (times the catalogue's spread)
      --half-life DAYS   an action of this age counts half (default: 69)
      --singletons WHAT  clusters of one action: keep (default), drop, or attach to the
                         nearest interest
      --kind KIND=WEIGHT weight of a kind of action, as in --kind save=3; repeatable
                         (${WEIGHTS})
      --now TIME         the time at which actions are weighted (default: the clock); a fixed
                         time makes the result reproducible`;

/** These commands take options only: a positional argument is a file whose option is missing. */
export function rejectPositional(argument: string | undefined): void {
  if (argument === undefined) return;
  throw new UsageError(
    `unexpected argument "${argument}": pass files as --catalogue FILE and --actions FILE`,
  );
}

type ProfileOptionValues = {
  catalogue?: string;
  now?: string;
  cut: string;
  "half-life"?: string;
  singletons: string;
  kind: string[];
  quiet: boolean;
};

/**
 * Opens a sage in memory and records the actions of the file. Options are checked before a file is
 * read.
 */
export async function openSageWithActions(
  actionsFile: string,
  values: ProfileOptionValues,
): Promise<{ sage: Sage; catalogue: Catalogue | undefined }> {
  const now = values.now === undefined ? Date.now() : parseTime("--now", values.now);
  const options: SageOptions = {
    cut: parseCut(values.cut),
    singletons: parseSingletons(values.singletons),
    kinds: parseKindWeights(values.kind),
    now: () => now,
  };
  if (values["half-life"] !== undefined)
    options.halfLifeDays = parseNumber("--half-life", values["half-life"]);
  if (values.catalogue === "-" && actionsFile === "-")
    throw new UsageError("--catalogue and --actions cannot both be the standard input (-)");

  const catalogue =
    values.catalogue === undefined ? undefined : (await readCatalogue(values.catalogue)).catalogue;
  const { actions, dim = 1, unusedFields } = await readActions(actionsFile, { catalogue, now });
  const sage = await openSageChecked(catalogue ? { ...options, catalogue } : { ...options, dim });
  await sage.record(actions);
  if (!values.quiet) {
    const { actions: used } = await sage.profile();
    if (used < actions.length)
      printNote(
        `${formatCount(actions.length)} actions read; the newest ${formatCount(used)} are used`,
      );
    if (unusedFields.size > 0) printNote(`unused fields: ${[...unusedFields].join(", ")}`);
  }
  return { sage, catalogue };
}

/** Option values that only `openSage` checks, --cut cosine=2 for one, are errors of usage. */
async function openSageChecked(options: SageOptions): Promise<Sage> {
  try {
    return await openSage(options);
  } catch (error) {
    if (isSageError(error) && (error.code === "option" || error.code === "not-finite"))
      throw new UsageError(error.message);
    throw error;
  }
}

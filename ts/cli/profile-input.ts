/** What `profile` and `recommend` share: the options that say how actions become interests, and a taste opened with them. */
import type { Catalogue } from "../catalogue/catalogue.js";
import { isSageError } from "../errors.js";
import { openSage } from "../sage/sage.js";
import type { Interest, Profile, Sage, SageOptions } from "../sage/types.js";
import { parseCut, parseKinds, parseNumber, parseSingletons, parseTime } from "./arguments.js";
import { UsageError } from "./command-error.js";
import { readActions } from "./read/action-file.js";
import { readCatalogue } from "./read/catalogue-file.js";
import {
  count,
  labelOf,
  note,
  payloadOf,
  print,
  printTable,
  symbolOf,
  when,
} from "./terminal/print.js";

/** For parseArgs. */
export const TASTE_OPTIONS = {
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

/** For the help texts. */
export const TASTE_HELP = `  -a, --actions FILE     JSON lines or CSV, one action a line:
                           item    the item's id
                           at      when: milliseconds since 1970 or an ISO time (default: now)
                           kind    what was done: save, click, ... (see --kind)
                           weight  how much it counts (default: 1, or the weight of its kind)
                           vector  its embedding, for an item the catalogue does not know
      --cut HOW          where the tree of actions is cut into interests: auto (default), cosine=0.6,
                         threshold=1.2 (Ward height), count=5 or spread=0.7 (times the catalogue's spread)
      --half-life DAYS   an action this old counts half (default: 69)
      --singletons WHAT  actions like no other: keep (default), drop, or attach to the nearest interest
      --kind KIND=WEIGHT how much a kind of action counts, as in --kind save=3; repeatable
      --now TIME         the moment to look from (default: the clock); fix it for the same result again`;

/** These commands take options only: a file without its option is a slip. */
export function refuseArgument(argument: string | undefined): void {
  if (argument === undefined) return;
  throw new UsageError(
    `unexpected argument "${argument}": files are given as --catalogue FILE and --actions FILE`,
  );
}

type Values = {
  catalogue?: string;
  now?: string;
  cut: string;
  "half-life"?: string;
  singletons: string;
  kind: string[];
  quiet: boolean;
};

/** A taste in memory, opened by {@link openActions}. */
export interface OpenTaste {
  readonly sage: Sage;
  readonly catalogue: Catalogue | undefined;
}

/** Reads the catalogue and the actions, and opens a taste that has recorded them. Wrong options are told before any file is read. */
export async function openActions(actionsFile: string, values: Values): Promise<OpenTaste> {
  const now = values.now === undefined ? Date.now() : parseTime("--now", values.now);
  const options: SageOptions = {
    cut: parseCut(values.cut),
    singletons: parseSingletons(values.singletons),
    kinds: parseKinds(values.kind),
    now: () => now,
  };
  if (values["half-life"] !== undefined)
    options.halfLifeDays = parseNumber("--half-life", values["half-life"]);
  if (values.catalogue === "-" && actionsFile === "-")
    throw new UsageError("--catalogue and --actions cannot both be the standard input");

  const catalogue =
    values.catalogue === undefined ? undefined : (await readCatalogue(values.catalogue)).catalogue;
  const { actions, dim = 1, unused } = await readActions(actionsFile, { catalogue, now });
  const sage = await openChecked(catalogue ? { ...options, catalogue } : { ...options, dim });
  await sage.record(actions);
  if (!values.quiet) {
    const { actions: kept } = await sage.profile();
    if (kept < actions.length)
      note(`of ${count(actions.length)} actions the newest ${count(kept)} count`);
    if (unused.size > 0) note(`fields not used: ${[...unused].join(", ")}`);
  }
  return { sage, catalogue };
}

/** The interests for programs: everything but their vectors, which the catalogue has. */
export function describeInterests(
  { interests }: Profile,
  catalogue: Catalogue | undefined,
): object[] {
  return interests.map(({ medoid, importance, items, lastActive }) => ({
    medoid,
    importance,
    items,
    lastActive,
    ...payloadOf(catalogue, medoid),
  }));
}

/** The interests for people. */
export function printInterests(profile: Profile, catalogue: Catalogue | undefined): void {
  const { interests, actions } = profile;
  if (interests.length === 0)
    return print(
      actions === 0
        ? "No actions, so no interests yet."
        : "No interests: every action stands alone.",
    );
  print(
    `${interests.length} ${interests.length === 1 ? "interest" : "interests"} in ${count(actions)} actions`,
  );
  printTable(
    [">importance", ">items", "last active", "medoid", "id", "items"],
    interests.map((interest) => [
      `${(interest.importance * 100).toFixed(1)} %`,
      count(interest.items.length),
      when(interest.lastActive),
      labelOf(catalogue, interest.medoid),
      interest.medoid,
      members(interest, catalogue),
    ]),
  );
}

const SHOWN = 8;

function members({ items }: Interest, catalogue: Catalogue | undefined): string {
  const shown = items.slice(0, SHOWN).map((item) => symbolOf(catalogue, item));
  const separator = shown.every((symbol) => symbol.length <= 4) ? " " : ", ";
  return shown.join(separator) + (items.length > SHOWN ? ` +${count(items.length - SHOWN)}` : "");
}

/** What `openSage` says of its options is said of the command line. */
async function openChecked(options: SageOptions): Promise<Sage> {
  try {
    return await openSage(options);
  } catch (error) {
    if (isSageError(error) && (error.code === "option" || error.code === "not-finite"))
      throw new UsageError(error.message);
    throw error;
  }
}

/**
 * The input of `profile` and `recommend`: the options that define how actions become interests, and
 * a sage that has recorded the actions of a file.
 */
import type { Catalogue } from "../catalogue/catalogue.js";
import { isSageError } from "../errors.js";
import { openSage } from "../sage/open.js";
import type { Sage, SageOptions } from "../sage/types.js";
import { LIMITS } from "../values/limits.js";
import {
  parseChoice,
  parseCut,
  parseKindWeights,
  parseNumber,
  parseSingletons,
  parseTime,
} from "./arguments.js";
import { InputError, UsageError } from "./command-error.js";
import { readActions } from "./read/action-file.js";
import { type ActionFields, PRESET_NAMES } from "./read/action-presets.js";
import { TIME_UNITS } from "./read/action-time.js";
import { readCatalogue } from "./read/catalogue-file.js";
import { listNames } from "./read/row.js";
import { displayName } from "./read/stream.js";
import { formatCount, notePrinter } from "./terminal/print.js";

/** The options that both commands accept, for `parseArguments`. */
export const PROFILE_OPTIONS = {
  catalogue: { type: "string", short: "c" },
  actions: { type: "string", short: "a" },
  now: { type: "string" },
  cut: { type: "string", default: "auto" },
  "half-life": { type: "string" },
  singletons: { type: "string", default: "keep" },
  kind: { type: "string", multiple: true, default: [] as string[] },
  item: { type: "string" },
  at: { type: "string" },
  "at-unit": { type: "string", default: "auto" },
  weight: { type: "string" },
  vector: { type: "string" },
  user: { type: "string" },
  columns: { type: "string" },
  preset: { type: "string", default: "auto" },
  "skip-unknown": { type: "boolean", default: false },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

const WEIGHTS = `${LIMITS.minWeight} to ${LIMITS.maxWeight}`;

/** The lines of a help text about PROFILE_OPTIONS, without --catalogue, -q and --json. */
export const PROFILE_OPTIONS_HELP = `\
  -a, --actions FILE     JSON, CSV, Parquet or Arrow, one action a row:
                           item    id of the item
                           at      milliseconds since 1970 or an ISO time (default: now)
                           kind    the kind of action: save, click, ... (see --kind)
                           weight  the action counts as done this often, ${WEIGHTS}
                                   (default: 1, or the weight of its kind); below 0: a
                                   dislike, -1 for a whole one
                           vector  embedding, for an item that is not in the catalogue
      --item FIELD       the field of the item, if not item; a.b is a field in an object, a[].b
                         one in each element of a list
      --at FIELD         the field of the time, likewise
      --at-unit UNIT     unit of times that are numbers: s, ms, us, ns, or auto (default), which
                         detects and reports seconds, microseconds and nanoseconds
      --kind FIELD       the field of the kind, likewise
      --kind KIND=WEIGHT weight of a kind of action, as in --kind save=3; repeatable
                         (${WEIGHTS})
      --weight FIELD     the field of the weight, likewise
      --vector FIELD     the field of the vector, likewise; d0..d383 is one column a dimension
      --user FIELD=ID    only the actions of this user; --user FIELD: all must be of one user
      --columns NAMES    the columns of CSV without a header line, as in item,at
      --preset LOG       fields of a common log: recbole (.inter), ga4, segment, none, or auto
                         (default), which detects and reports them
      --skip-unknown     leave out actions on items that are not in the catalogue
      --cut RULE         where the tree of actions is cut into interests: auto (default),
                         cosine=0.6 (least cosine), threshold=1.2 (Ward height),
                         count=5 (interests), or spread=0.7 (times the catalogue's spread)
      --half-life DAYS   an action of this age counts half (default: 69)
      --singletons WHAT  clusters of one action: keep (default), drop, or attach to the
                         nearest interest
      --now TIME         the time at which actions are weighted (default: the clock); a fixed
                         time makes the result reproducible`;

/** These commands take options only: a positional argument is a file whose option is missing. */
export function rejectPositional(argument: string | undefined): void {
  if (argument === undefined) return;
  throw new UsageError(
    `unexpected argument "${argument}": pass files as --catalogue FILE and --actions FILE`,
  );
}

/** The options that name the fields of actions. */
export type FieldOptionValues = {
  kind: string[];
  item?: string;
  at?: string;
  weight?: string;
  vector?: string;
  user?: string;
};

type ProfileOptionValues = FieldOptionValues & {
  catalogue?: string;
  now?: string;
  cut: string;
  "half-life"?: string;
  singletons: string;
  "at-unit": string;
  columns?: string;
  preset: string;
  "skip-unknown": boolean;
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
    kinds: parseKindWeights(values.kind.filter((kind) => kind.includes("="))),
    now: () => now,
  };
  if (values["half-life"] !== undefined)
    options.halfLifeDays = parseNumber("--half-life", values["half-life"]);
  const { fields, userId } = parseFields(values);
  const preset = parseChoice("--preset", values.preset, PRESET_NAMES);
  const atUnit = parseChoice("--at-unit", values["at-unit"], TIME_UNITS);
  if (values.catalogue === "-" && actionsFile === "-")
    throw new UsageError(
      "--catalogue and --actions cannot both be the standard input (-): name a file for one",
    );

  const catalogue =
    values.catalogue === undefined ? undefined : (await readCatalogue(values.catalogue)).catalogue;
  const onNote = notePrinter(values.quiet);
  const { actions, dim = 1 } = await readActions(actionsFile, {
    catalogue,
    now,
    fields,
    userId,
    preset,
    atUnit,
    onNote,
    columns: values.columns,
    skipUnknown: values["skip-unknown"],
  });
  const sage = await openSageChecked(catalogue ? { ...options, catalogue } : { ...options, dim });
  try {
    const { recorded } = await sage.record(actions);
    if (recorded < actions.length)
      onNote(
        `${formatCount(actions.length)} actions read; the newest ${formatCount(recorded)} are used`,
      );
  } catch (error) {
    throw isSageError(error)
      ? new InputError(`${displayName(actionsFile)}: ${error.message}`)
      : error;
  }
  return { sage, catalogue };
}

/** The fields that options name, and the id of --user FIELD=ID. */
export function parseFields(values: FieldOptionValues): {
  fields: Partial<ActionFields>;
  userId: string | undefined;
} {
  const kinds = values.kind.filter((kind) => !kind.includes("="));
  if (kinds.length > 1)
    throw new UsageError(
      "--kind: expected one field and any number of KIND=WEIGHT, saw the fields " +
        listNames(kinds),
    );
  const [kind] = kinds;
  const { item, at, weight, vector } = values;
  const [, user, userId] = /^([^=]+)=(.*)$/s.exec(values.user ?? "") ?? [undefined, values.user];
  const fields: Partial<ActionFields> = {
    ...(item !== undefined && { item: [item] }),
    ...(at !== undefined && { at }),
    ...(kind !== undefined && { kind }),
    ...(weight !== undefined && { weight }),
    ...(vector !== undefined && { vector }),
    ...(user !== undefined && { user }),
  };
  for (const [option, path] of Object.entries({ item, at, kind, weight, vector, user }))
    if (path === "" || path?.split("[]")[2] !== undefined)
      throw new UsageError(
        `--${option}: expected a field with at most one [], as in items[].id, saw "${path}"`,
      );
  return { fields, userId };
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

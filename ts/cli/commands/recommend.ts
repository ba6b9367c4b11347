/** `pocketsage recommend`: reads actions, prints interests and recommendations. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Filter } from "../../catalogue/filter.js";
import { isSageError } from "../../errors.js";
import type { Recommendation, RecommendOptions, Sage } from "../../sage/types.js";
import { inspect } from "../../values/check.js";
import { LIMITS } from "../../values/limits.js";
import {
  parseArguments,
  parseInteger,
  parseNumber,
  parseRange,
  parseShare,
  requireValue,
} from "../arguments.js";
import { UsageError } from "../command-error.js";
import {
  openSageWithActions,
  PROFILE_OPTIONS,
  PROFILE_OPTIONS_HELP,
  rejectPositional,
} from "../profile-input.js";
import { interestsToJson, printInterests } from "../terminal/interests.js";
import {
  countOf,
  labelOf,
  payloadOf,
  print,
  printJson,
  printNote,
  printTable,
  shortLabelOf,
} from "../terminal/print.js";

export const help = `Recommend items of a catalogue to a user, each with the interest it comes from.

Usage
  pocketsage recommend --catalogue CATALOGUE --actions ACTIONS [options]

Options
  -c, --catalogue FILE   built by pocketsage build
${PROFILE_OPTIONS_HELP}
  -n, --count N          number of items (default: 20)
      --interests N      number of interests to search with (default: the 10 most important, or
                         3 with --seed)
      --focus SHARE      weight of the average of the history beside the interests, 0 to 1
                         (default: 0.3, or 0 with --seed)
      --popularity SHARE influence of the priors of the catalogue, 0 to 1 (default: 1)
      --offset N         number of items to skip, as for the next page (default: 0)
      --diversity SHARE  how unlike each other the items are, 0 to 1 (default: 0)
      --explore NUMBER   above 0, up to 1: items less like the history, and chance; below 0, down
                         to -1: more like it (default: 0)
      --explore-seed N   seed of that chance (default: 0)
      --min-score NUMBER least score of an item
      --filter JSON      condition on attributes of the catalogue, as in
                         '{"field":"genre","is":"drama"}'
      --no-personal      the list without the history: popular or diverse items
      --seed NUMBER      sample the interests in proportion to their importance, with this seed
      --exclude ID       never recommend this item; repeatable. Items of the actions are always
                         excluded
      --dislike ID       do not recommend this item, and items near it last; repeatable. Actions of
                         a negative weight are dislikes, too
      --mute ID          recommend no items of the interest of this item, such as its medoid;
                         repeatable
      --boost ID=FACTOR  multiply the importance of the interest of this item; repeatable
      --shown ID         this item was shown lately: it comes later; repeatable
  -q, --quiet            no notes on the standard error
      --json             the result as JSON:
                         {"interests": [{"medoid", "importance", "items", "lastActive", "payload"}],
                         "recommendations": [{"item", "score",
                         "because": {"from", "medoid", "nearest"}, "payload"}]}
  -h, --help             this text

  The file - is the standard input. score compares the item with the query that contributes most
  to its place, in the catalogue's metric: cosine, inner product, or negative squared distance (l2).
  from is that query: an interest, or the average of the history. Beside few actions the catalogue
  fills in: popular items (by prior), or diverse ones.

Example
  $ pocketsage recommend --catalogue emoji.sage --actions actions.jsonl --count 5
  $ tail -n 100 actions.jsonl | pocketsage recommend -c emoji.sage -a - --json |
      jq -r '.recommendations[].item'

Exit codes
  0  success
  1  an action is invalid (the message has its line) or a file cannot be read
  2  the command line is invalid
`;

const OPTIONS = {
  ...PROFILE_OPTIONS,
  count: { type: "string", short: "n", default: "20" },
  interests: { type: "string" },
  focus: { type: "string" },
  popularity: { type: "string" },
  offset: { type: "string", default: "0" },
  diversity: { type: "string", default: "0" },
  explore: { type: "string", default: "0" },
  "explore-seed": { type: "string", default: "0" },
  "min-score": { type: "string" },
  filter: { type: "string" },
  "no-personal": { type: "boolean", default: false },
  seed: { type: "string" },
  exclude: { type: "string", multiple: true, default: [] as string[] },
  dislike: { type: "string", multiple: true, default: [] as string[] },
  mute: { type: "string", multiple: true, default: [] as string[] },
  boost: { type: "string", multiple: true, default: [] as string[] },
  shown: { type: "string", multiple: true, default: [] as string[] },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  rejectPositional(positionals[0]);
  requireValue("--catalogue FILE", values.catalogue);
  const actionsFile = requireValue("--actions FILE", values.actions);
  const options: RecommendOptions = {
    count: parseInteger("--count", values.count),
    exclude: values.exclude,
    offset: parseInteger("--offset", values.offset, 0),
    diversity: parseShare("--diversity", values.diversity),
    explore: parseRange("--explore", values.explore, -1, 1),
    exploreSeed: parseInteger("--explore-seed", values["explore-seed"], 0, Number.MAX_SAFE_INTEGER),
    personal: !values["no-personal"],
  };
  if (values["min-score"] !== undefined)
    options.minScore = parseNumber("--min-score", values["min-score"]);
  if (values.filter !== undefined) options.filter = parseFilter(values.filter);
  if (values.interests !== undefined)
    options.interests = parseInteger("--interests", values.interests);
  if (values.focus !== undefined) options.focus = parseShare("--focus", values.focus);
  if (values.popularity !== undefined)
    options.popularity = parseShare("--popularity", values.popularity);
  if (values.seed !== undefined)
    options.pick = { seed: parseInteger("--seed", values.seed, 0, Number.MAX_SAFE_INTEGER) };
  const boosts = values.boost.map(parseBoost);
  const { sage, catalogue } = await openSageWithActions(actionsFile, values);
  await steer(sage, { ...values, boosts });

  const unknownItems = values.exclude.filter((item) => !catalogue?.has(item));
  if (unknownItems.length > 0 && !values.quiet)
    printNote(`--exclude: not in the catalogue: ${unknownItems.join(", ")}`);
  const profile = await sage.profile();
  const recommendations = await sage.recommend(options).catch((error: unknown) => {
    // Only the catalogue shows whether a filter fits.
    throw isSageError(error) && error.message.startsWith("filter: ")
      ? new UsageError(`--${error.message}`)
      : error;
  });
  if (values.json) {
    return printJson({
      interests: interestsToJson(profile, catalogue),
      recommendations: recommendations.map((recommendation) => ({
        ...recommendation,
        ...payloadOf(catalogue, recommendation.item),
      })),
    });
  }
  printInterests(profile, catalogue);
  printRecommendations(recommendations, catalogue);
}

/** Marks items and interests. An id that is not known is an error of usage. */
async function steer(
  sage: Sage,
  marks: {
    readonly dislike: readonly string[];
    readonly mute: readonly string[];
    readonly boosts: readonly { item: string; factor: number }[];
    readonly shown: readonly string[];
  },
): Promise<void> {
  try {
    await sage.dislike(marks.dislike);
    for (const item of marks.mute) await sage.mute(item);
    for (const { item, factor } of marks.boosts) await sage.boost(item, factor);
    await sage.shown(marks.shown);
  } catch (error) {
    throw isSageError(error) ? new UsageError(`--${error.message}`) : error;
  }
}

/** Parses ID=FACTOR; an id may contain "=". */
function parseBoost(text: string): { item: string; factor: number } {
  const [, item, factor = ""] = /^(.+)=([^=]*)$/s.exec(text) ?? [];
  if (item === undefined)
    throw new UsageError(`--boost: expected ID=FACTOR, as in tea-0=2, saw ${inspect(text)}`);
  return { item, factor: parseRange(`--boost ${item}`, factor, 0, LIMITS.maxWeight) };
}

function parseFilter(text: string): Filter {
  try {
    return JSON.parse(text) as Filter;
  } catch {
    throw new UsageError(
      `--filter: expected JSON, as in '{"field":"genre","is":"drama"}', saw ${inspect(text)}`,
    );
  }
}

function printRecommendations(
  recommendations: readonly Recommendation[],
  catalogue: Catalogue | undefined,
): void {
  if (recommendations.length === 0) return;
  print("");
  print(countOf(recommendations.length, "recommendation"));
  printTable(
    [">#", ">score", "item", "id", "because of"],
    recommendations.map(({ item, score, because }, index) => [
      String(index + 1),
      score.toFixed(3),
      labelOf(catalogue, item),
      item,
      because.medoid === undefined
        ? `(${because.from})`
        : because.nearest.map((actedOn) => shortLabelOf(catalogue, actedOn)).join(", "),
    ]),
  );
}

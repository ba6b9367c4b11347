/** `pocketsage recommend`: actions in, interests and recommendations out. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Recommendation, RecommendOptions } from "../../sage/types.js";
import { need, parseCount, parseNumber, parseOptions } from "../arguments.js";
import {
  describeInterests,
  openActions,
  printInterests,
  refuseArgument,
  TASTE_HELP,
  TASTE_OPTIONS,
} from "../profile-input.js";
import {
  labelOf,
  note,
  payloadOf,
  print,
  printJson,
  printTable,
  symbolOf,
} from "../terminal/print.js";

export const help = `Recommend items of a catalogue to a user, each with the reason: the interest that asked for it.

Usage
  pocketsage recommend --catalogue CATALOGUE --actions ACTIONS [options]

Options
  -c, --catalogue FILE   made by pocketsage build
${TASTE_HELP}
  -n, --count N          how many items (default: 20)
      --interests N      how many interests to ask for (default: the 8 most important, or 3 with --seed)
      --seed NUMBER      draw the interests at random, in proportion to their importance, with this seed
      --exclude ID       never this item; repeatable. What the user acted on is never recommended
  -q, --quiet            no notes on the standard error
      --json             the result as JSON: {"interests": [{"medoid", "importance", "items", "lastActive", "payload"}],
                         "recommendations": [{"item", "score", "because": {"medoid", "nearest"}, "payload"}]}
  -h, --help             this text

  A file called - is the standard input. score is the cosine to the medoid.

Example
  $ pocketsage recommend --catalogue emoji.sage --actions actions.jsonl --count 5
  $ tail -n 100 actions.jsonl | pocketsage recommend -c emoji.sage -a - --json | jq -r '.recommendations[].item'

Exit codes
  0  done; without actions there is nothing to recommend
  1  an action is wrong or a file cannot be read; the message says which line
  2  the command line is wrong
`;

const OPTIONS = {
  ...TASTE_OPTIONS,
  count: { type: "string", short: "n", default: "20" },
  interests: { type: "string" },
  seed: { type: "string" },
  exclude: { type: "string", multiple: true, default: [] as string[] },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, argument } = parseOptions(args, OPTIONS);
  refuseArgument(argument);
  need("--catalogue FILE", values.catalogue);
  const actions = need("--actions FILE", values.actions);
  const options: RecommendOptions = {
    count: parseCount("--count", values.count),
    exclude: values.exclude,
  };
  if (values.interests !== undefined)
    options.interests = parseCount("--interests", values.interests);
  if (values.seed !== undefined) options.pick = { seed: parseNumber("--seed", values.seed) };
  const { sage, catalogue } = await openActions(actions, values);

  const unknown = values.exclude.filter((item) => !catalogue?.has(item));
  if (unknown.length > 0 && !values.quiet)
    note(`--exclude: not in the catalogue: ${unknown.join(", ")}`);
  const profile = await sage.profile();
  const recommendations = await sage.recommend(options);
  if (values.json) {
    return printJson({
      interests: describeInterests(profile, catalogue),
      recommendations: recommendations.map((recommendation) => ({
        ...recommendation,
        ...payloadOf(catalogue, recommendation.item),
      })),
    });
  }
  printInterests(profile, catalogue);
  printRecommendations(recommendations, catalogue);
}

function printRecommendations(
  recommendations: readonly Recommendation[],
  catalogue: Catalogue | undefined,
): void {
  if (recommendations.length === 0) return;
  print(
    `\n${recommendations.length} ${recommendations.length === 1 ? "recommendation" : "recommendations"}`,
  );
  printTable(
    [">#", ">score", "item", "id", "because of"],
    recommendations.map(({ item, score, because }, place) => [
      String(place + 1),
      score.toFixed(3),
      labelOf(catalogue, item),
      item,
      because.nearest.map((own) => symbolOf(catalogue, own)).join(", "),
    ]),
  );
}

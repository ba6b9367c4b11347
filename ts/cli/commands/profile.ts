/** `pocketsage profile`: actions in, interests out. */
import { need, parseOptions } from "../arguments.js";
import {
  describeInterests,
  openActions,
  printInterests,
  refuseArgument,
  TASTE_HELP,
  TASTE_OPTIONS,
} from "../profile-input.js";
import { printJson } from "../terminal/print.js";

export const help = `Show the interests behind a user's actions: clusters of what they did, each represented by one of their own items.

Usage
  pocketsage profile --catalogue CATALOGUE --actions ACTIONS [options]

Options
  -c, --catalogue FILE   made by pocketsage build; not needed when every action has a vector
${TASTE_HELP}
  -q, --quiet            no notes on the standard error
      --json             the result as JSON: {"interests": [{"medoid", "importance", "items", "lastActive", "payload"}]}
  -h, --help             this text

  A file called - is the standard input. importance is a share: the interests sum to 1.

Example
  $ cat actions.jsonl
  {"item": "tea", "at": "2026-01-30T08:00:00Z", "kind": "save"}
  {"item": "mug", "at": 1769760000000}
  $ pocketsage profile --catalogue items.sage --actions actions.jsonl --kind save=3

Exit codes
  0  done; without actions there are no interests
  1  an action is wrong or a file cannot be read; the message says which line
  2  the command line is wrong
`;

export async function run(args: string[]): Promise<void> {
  const { values, argument } = parseOptions(args, TASTE_OPTIONS);
  refuseArgument(argument);
  const { sage, catalogue } = await openActions(need("--actions FILE", values.actions), values);
  const profile = await sage.profile();
  if (values.json) return printJson({ interests: describeInterests(profile, catalogue) });
  printInterests(profile, catalogue);
}

/** `pocketsage profile`: reads actions and prints interests. */
import { parseArguments, requireValue } from "../arguments.js";
import {
  openSageWithActions,
  PROFILE_OPTIONS,
  PROFILE_OPTIONS_HELP,
  rejectPositional,
} from "../profile-input.js";
import { interestsToJson, printInterests } from "../terminal/interests.js";
import { printJson } from "../terminal/print.js";

export const help = `Compute a user's interests: clusters of actions, each represented by an item.

Usage
  pocketsage profile --catalogue CATALOGUE --actions ACTIONS [options]

Options
  -c, --catalogue FILE   built by pocketsage build; optional if every action has a vector
${PROFILE_OPTIONS_HELP}
  -q, --quiet            no notes on the standard error
      --json             the result as JSON:
                         {"interests": [{"medoid", "importance", "items", "lastActive", "payload"}]}
  -h, --help             this text

  The file - is the standard input. importance is a share: the interests sum to 1.

Example
  $ cat actions.jsonl
  {"item": "tea", "at": "2026-01-30T08:00:00Z", "kind": "save"}
  {"item": "mug", "at": 1769760000000}
  $ pocketsage profile --catalogue items.sage --actions actions.jsonl --kind save=3

Exit codes
  0  success; without actions there are no interests
  1  an action is invalid (the message has its line) or a file cannot be read
  2  the command line is invalid
`;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, PROFILE_OPTIONS);
  rejectPositional(positionals[0]);
  const actionsFile = requireValue("--actions FILE", values.actions);
  const { sage, catalogue } = await openSageWithActions(actionsFile, values);
  const profile = await sage.profile();
  if (values.json) return printJson({ interests: interestsToJson(profile, catalogue) });
  printInterests(profile, catalogue);
}

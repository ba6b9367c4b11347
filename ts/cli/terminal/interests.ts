/** Interests as `profile` and `recommend` print them. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Interest, Profile } from "../../sage/types.js";
import {
  countOf,
  formatCount,
  formatTime,
  labelOf,
  payloadOf,
  print,
  printTable,
  shortLabelOf,
} from "./print.js";

/** Maximum number of members listed per interest; the table shows how many more there are. */
const MAX_LISTED_MEMBERS = 8;
/** Labels of up to this many UTF-16 units are taken for emoji and listed without commas. */
const MAX_EMOJI_LENGTH = 4;

/** The interests for --json. Their vectors are left out: they are in the catalogue or the input. */
export function interestsToJson(
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

/** Prints the interests as a table, most important first. */
export function printInterests(profile: Profile, catalogue: Catalogue | undefined): void {
  const { interests, actions } = profile;
  if (interests.length === 0)
    return print(
      actions === 0
        ? "No actions, so no interests."
        : "No interests: every action is a singleton, and --singletons drop drops them.",
    );
  print(`${countOf(interests.length, "interest")} in ${countOf(actions, "action")}`);
  printTable(
    [">importance", ">items", "last active", "medoid", "id", "items"],
    interests.map((interest) => [
      `${(interest.importance * 100).toFixed(1)} %`,
      formatCount(interest.items.length),
      formatTime(interest.lastActive),
      labelOf(catalogue, interest.medoid),
      interest.medoid,
      formatMembers(interest, catalogue),
    ]),
  );
}

function formatMembers({ items }: Interest, catalogue: Catalogue | undefined): string {
  const labels = items.slice(0, MAX_LISTED_MEMBERS).map((item) => shortLabelOf(catalogue, item));
  const separator = labels.every((label) => label.length <= MAX_EMOJI_LENGTH) ? " " : ", ";
  const unlistedCount = items.length - labels.length;
  return labels.join(separator) + (unlistedCount > 0 ? ` +${formatCount(unlistedCount)}` : "");
}

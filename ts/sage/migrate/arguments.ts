/** Validation of the arguments that fitting and migrating have in common. */
import { checkCatalogue } from "../../catalogue/check-catalogue.js";
import { checkKeys } from "../../values/check.js";

/** Throws code "option" unless both are catalogues and no option is unknown. */
export function checkBridgeArguments(from: unknown, to: unknown, options: object): void {
  checkCatalogue("migrate: from", from);
  checkCatalogue("migrate: to", to);
  checkKeys("migrate", options, ["minRetention"]);
}

/** The ledger: epsilon of each epoch and of the lifetime, and the cap. */
import type { LedgerReport } from "pocketsage/privacy";
import { createHtml } from "../dom.js";

const EPOCHS_SHOWN = 7;

export function createLedger(): { element: HTMLElement; render(report: LedgerReport): void } {
  const element = createHtml("div", { class: "privacy-ledger" });
  return {
    element,
    render({ lifetime, cap, epochs, isSpent }) {
      const limit = Number.isFinite(cap) ? ` of ${cap}` : "";
      const rows = epochs
        .slice(-EPOCHS_SHOWN)
        .map(({ epoch, epsilon }) => [`Epoch ${epoch}`, epsilon.toFixed(2)] as const);
      const spentText = isSpent
        ? " The cap is reached: random sets go out instead, which cost nothing."
        : "";
      element.replaceChildren(
        createHtml("p", {}, `Epsilon in the lifetime: ${lifetime.toFixed(2)}${limit}.${spentText}`),
        createHtml(
          "dl",
          { class: "fetch-list" },
          ...rows.map(([name, value]) =>
            createHtml("div", {}, createHtml("dt", {}, name), createHtml("dd", {}, value)),
          ),
        ),
      );
    },
  };
}

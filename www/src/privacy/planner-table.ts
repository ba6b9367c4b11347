/** The planner: the ways to retrieve side by side, for a catalogue, a budget and hosts. */
import { type PrivacyChoice, plan } from "pocketsage/privacy";
import { createHtml } from "../dom.js";
import { formatBytes, formatCount, formatInteger } from "../format.js";

const SIZES = [20_000, 100_000, 1_000_000, 10_000_000];
const BUDGETS = [100_000, 500_000, 2_000_000, 20_000_000];
const EPSILONS = [0, 2, 4, 8];
const TITLES: Readonly<Record<PrivacyChoice["kind"], string>> = {
  local: "Whole catalogue",
  split: "Two servers",
  shard: "Random shard",
  static: "Sets with an epsilon",
};

/** `items`: the size of the catalogue that is open, the first choice. */
export function createPlanner(items: number): HTMLElement {
  const body = createHtml("tbody");
  const selects = [
    createSelect("Items", [items, ...SIZES], formatInteger),
    createSelect("Bytes an epoch", BUDGETS, formatBytes, 1),
    createSelect("Hosts", [1, 2], (hosts) => formatCount(hosts, "operator"), 1),
    createSelect(
      "Epsilon of a set",
      EPSILONS,
      (epsilon) => (epsilon ? String(epsilon) : "none"),
      2,
    ),
  ] as const;
  const update = (): void => {
    const [size, bytes, hosts, epsilon] = selects.map(({ value }) => value()) as [
      number,
      number,
      number,
      number,
    ];
    body.replaceChildren(...createRows({ items: size, bytes, hosts, epsilon }));
  };
  for (const { select } of selects) select.addEventListener("change", update);
  update();
  const head = ["Way", "Cells", "Share of the ideal", "Download", "Epsilon a month", "Note"];
  return createHtml(
    "div",
    { class: "privacy-planner" },
    createHtml("div", { class: "privacy-modes" }, ...selects.map(({ element }) => element)),
    createHtml(
      "div",
      { class: "privacy-table", tabindex: 0, role: "region", "aria-label": "Ways to retrieve" },
      createHtml(
        "table",
        {},
        createHtml(
          "thead",
          {},
          createHtml("tr", {}, ...head.map((title) => createHtml("th", { scope: "col" }, title))),
        ),
        body,
      ),
    ),
  );
}

function createRows(options: {
  items: number;
  bytes: number;
  hosts: number;
  epsilon: number;
}): HTMLElement[] {
  const { epsilon, ...rest } = options;
  try {
    const { choice, choices } = plan({ ...rest, ...(epsilon > 0 && { epsilon }) });
    return choices.map((one) => createRow(one, one === choice));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [createHtml("tr", {}, createHtml("td", { colspan: 6 }, message))];
  }
}

function createRow(choice: PrivacyChoice, isChosen: boolean): HTMLElement {
  const { kind, cells, utility, bytes, epsilonPerMonth, note } = choice;
  const values = [
    cells > 0 ? formatInteger(cells) : "–",
    utility.toFixed(2),
    formatBytes(bytes),
    epsilonPerMonth > 0 ? epsilonPerMonth.toFixed(0) : "0",
    note,
  ];
  const title = isChosen ? `${TITLES[kind]} ✓ chosen` : TITLES[kind];
  return createHtml(
    "tr",
    { class: isChosen ? "chosen" : undefined },
    createHtml("th", { scope: "row" }, title),
    ...values.map((value) => createHtml("td", {}, value)),
  );
}

function createSelect(
  label: string,
  values: readonly number[],
  format: (value: number) => string,
  selected = 0,
): { element: HTMLElement; select: HTMLSelectElement; value(): number } {
  const select = createHtml(
    "select",
    {},
    ...values.map((value, index) =>
      createHtml("option", { value: index, selected: index === selected }, format(value)),
    ),
  );
  const element = createHtml("label", {}, `${label} `, select);
  return { element, select, value: () => values[select.selectedIndex] ?? 0 };
}

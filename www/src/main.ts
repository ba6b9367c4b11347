/** Entry point: connects the worker, the controller and the parts of the page. */
import type { Sage } from "pocketsage";
import { connect } from "./connect.js";
import { createController, type ViewState } from "./controller.js";
import { bindDataControls } from "./data-controls.js";
import { byId } from "./dom.js";
import { supportedItems } from "./emoji-support.js";
import { describeInterests, renderInterests } from "./interest-cards.js";
import { createHueAssigner } from "./interest-hues.js";
import { renderMap } from "./interest-map.js";
import { type ItemDialogListener, openItemDialog } from "./item-dialog.js";
import { EXAMPLE_ACTIONS, type Item, type Items } from "./items.js";
import { observeFetches } from "./network-log.js";
import { showErrorNotice, showNotice } from "./notices.js";
import { createOutboundPanel } from "./outbound-panel.js";
import { renderRecommendations } from "./recommendations.js";
import { createTray } from "./tray.js";
import { createWall } from "./wall.js";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Interval at which relative times ("just now") are updated. */
const RELATIVE_TIMES_INTERVAL_MS = 60_000;

const outboundPanel = createOutboundPanel();
observeFetches(outboundPanel.addFetches);
void start();

async function start(): Promise<void> {
  try {
    const { sage, items } = await connect({
      onFetches: outboundPanel.addFetches,
      onProblem: showNotice,
    });
    await runPage(sage, items);
  } catch (error) {
    showErrorNotice(error, () => void start(), "catalogue-");
  }
}

/**
 * Connects the elements of the page to the Sage. The attribute `data-state` of the body is
 * "loading" until the first rendering, "working" while an action is pending, else "ready";
 * `data-profile` is "empty" or "filled".
 */
async function runPage(sage: Sage, items: Items): Promise<void> {
  const { dataset } = document.body;
  const assignHues = createHueAssigner();
  const emojiFont = getComputedStyle(document.documentElement).getPropertyValue("--emoji");
  const supported = supportedItems(items, emojiFont);
  const unsupportedIds = [...items.keys()].filter((id) => !supported.has(id));
  let latestState: ViewState | undefined;
  let lastAnnouncement = "";
  let pendingActions = 0;

  const controller = createController(sage, unsupportedIds, render, (error) =>
    showErrorNotice(error),
  );
  const tap = (item: Item): void => recordAction(item, "tap");
  const save = (item: Item): void => recordAction(item, "save");
  const actionCount = (): number => latestState?.profile.actions ?? 0;
  const itemListener: ItemDialogListener = {
    tap,
    save,
    explain: async (item) => (actionCount() > 0 ? sage.explain(item.id) : undefined),
    forget: (item) => announce(`Forgot ${item.label}`, controller.forget(item.id)),
    hide: (item) => announce(`Hid ${item.label}`, controller.hide(item.id)),
  };
  const open = (item: Item): void => {
    openItemDialog(items, item, itemListener).catch((error: unknown) => showErrorNotice(error));
  };
  const recordExample = (): void => {
    const now = Date.now();
    // Distinct times: undo finds actions by their time.
    const actions = EXAMPLE_ACTIONS.map(({ item, daysAgo }, index) => ({
      item,
      at: now - daysAgo * DAY_MS - index * 1000,
    }));
    announce("Recorded twelve examples", controller.recordPast(actions));
  };
  const tray = createTray({ save, open, recordExample });
  const wall = createWall(supported, { tap, save, open });

  byId("undo").addEventListener("click", () =>
    announce("Undone", controller.undo().then(tray.showHint)),
  );
  byId("example").addEventListener("click", recordExample);
  bindDataControls({
    export: controller.export,
    import: (bytes) => announce("Imported", controller.import(bytes)),
    forgetEverything: () =>
      announce("Forgot everything", controller.forgetEverything().then(tray.showHint)),
    actionCount,
  });
  setInterval(() => {
    if (latestState !== undefined && !document.hidden) render(latestState);
  }, RELATIVE_TIMES_INTERVAL_MS);

  await controller.refresh();
  dataset.state = "ready";

  function recordAction(item: Item, kind: "tap" | "save"): void {
    tray.showAction(item, kind);
    const verb = kind === "save" ? "Saved" : "Tapped";
    announce(`${verb} ${item.label}`, controller.act(item.id, kind));
  }

  function render(state: ViewState): void {
    latestState = state;
    const { actions, interests } = state.profile;
    dataset.profile = actions > 0 ? "filled" : "empty";
    const hues = assignHues(interests);
    const hueByMedoid = new Map(interests.map(({ medoid }, index) => [medoid, hues[index] ?? 0]));
    const hueByItem = new Map(
      interests.flatMap((interest, index) =>
        interest.items.map((item) => [item, hues[index] ?? 0] as const),
      ),
    );
    renderInterests(items, state, hues, open);
    renderRecommendations(
      items,
      state.recommendations,
      (medoid) => hueByMedoid.get(medoid) ?? 0,
      itemListener,
    );
    renderMap(items, state, hues);
    wall.setHues(hueByItem);
    outboundPanel.setOutbound(state.outbound);
    byId("recommendations").hidden = actions === 0 || state.recommendations.length === 0;
    byId<HTMLButtonElement>("undo").disabled = !state.canUndo;
  }

  /**
   * Announces an action and its result to assistive technology once `action` is done, unless
   * another action has begun meanwhile: only the latest is announced.
   */
  function announce(text: string, action: Promise<void>): void {
    lastAnnouncement = text;
    pendingActions += 1;
    dataset.state = "working";
    void action.then(() => {
      pendingActions -= 1;
      if (pendingActions === 0) dataset.state = "ready";
      if (lastAnnouncement !== text) return;
      const interests = latestState?.profile.interests ?? [];
      byId("announcer").textContent = `${text}. ${describeInterests(items, interests)}.`;
    });
  }
}

/** Entry point: connects the worker, the controller and the parts of the page. */
import type { Action, Sage } from "pocketsage";
import { ActionAnnouncer } from "./action-announcer.js";
import { animateMoves } from "./animations.js";
import { bindCatalogueMenu, offerOtherCatalogues } from "./catalogue-menu.js";
import { type CatalogueSource, catalogueById, OWN_CATALOGUE } from "./catalogues.js";
import { connect, type WorkerClient } from "./connect.js";
import { createController, type ViewState } from "./controller.js";
import { bindCopyButtons } from "./copy-buttons.js";
import { bindDataControls } from "./data-controls.js";
import { byId } from "./dom.js";
import { describeInterests, renderStrip, renderSummary } from "./interest-cards.js";
import { createHueAssigner } from "./interest-hues.js";
import { type ItemDialogListener, openItemDialog } from "./item-dialog.js";
import type { Item } from "./items.js";
import { type FetchRecord, observeFetches } from "./network-log.js";
import { showErrorNotice, showFileNotice, showNotice } from "./notices.js";
import { registerServiceWorker } from "./offline.js";
import { createOutboundPanel, type OutboundPanel } from "./outbound-panel.js";
import { drawTaste } from "./picture.js";
import type { PrivacyDial } from "./privacy/privacy-dial.js";
import { createRecommendationLists } from "./recommendations.js";
import { formatSettings, parseSettings, type Settings } from "./settings.js";
import { bindShareDialog } from "./share-dialog.js";
import { offerSharedActions } from "./shared-dialog.js";
import { nextFrame, nextTask } from "./slices.js";
import { bindTour } from "./tour.js";
import { createTray } from "./tray.js";
import { type FileContext, importActions, openUserFile } from "./user-files.js";
import type { RenderedState } from "./view.js";
import { createViewTabs } from "./view-tabs.js";
import { VIEWS } from "./views.js";
import { createWall } from "./wall.js";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Interval at which relative times ("just now") are updated. */
const RELATIVE_TIMES_INTERVAL_MS = 60_000;

let outboundPanel: OutboundPanel | undefined;
/** Fetches of the worker before there is a panel. */
const earlyFetches: FetchRecord[] = [];
void load();

/** Each step is a task of its own, between which the browser can draw. The worker is first. */
async function load(): Promise<void> {
  await nextTask();
  void start();
  await nextFrame();
  byId("wall-panel").classList.remove("deferred");
  await nextFrame();
  outboundPanel = createOutboundPanel();
  addFetches(earlyFetches);
  await nextTask();
  observeFetches(addFetches);
  await nextTask();
  registerServiceWorker();
}

async function start(): Promise<void> {
  const requested = parseSettings(location.hash);
  const source = catalogueById(requested.catalogue);
  const settings = { ...requested, catalogue: source.id };
  if (source.id !== requested.catalogue)
    showNotice("unknown-catalogue", `catalogue=${requested.catalogue}`);
  showPlaceholder("Fetching the catalogue …");
  try {
    const { sage, client } = await connect(source, settings.halfLifeDays, {
      onFetches: addFetches,
      onProblem: showNotice,
    });
    await runPage(source, settings, sage, client);
  } catch (error) {
    showErrorNotice(error, () => void start(), "catalogue-");
    if (document.body.dataset.state === "loading") {
      showPlaceholder("There is no catalogue to show.");
      offerOtherCatalogues(source, (catalogue) => {
        history.replaceState(null, "", formatSettings({ ...settings, catalogue }) || "#");
        location.reload();
      });
    }
  } finally {
    // Below the window: laid out when the rest is there.
    document.querySelector(".about")?.classList.remove("deferred");
  }
}

/** The text on the wall while it has no items. */
function showPlaceholder(text: string): void {
  const placeholder = document.querySelector("#wall > .placeholder");
  if (placeholder !== null) placeholder.textContent = text;
}

function addFetches(fetches: readonly FetchRecord[]): void {
  if (outboundPanel === undefined) earlyFetches.push(...fetches);
  else outboundPanel.addFetches(fetches);
}

/**
 * Connects the elements of the page to the Sage. The attribute `data-state` of the body is
 * "loading" until the first rendering, later that of {@link ActionAnnouncer}; `data-profile` is
 * "empty" or "filled".
 */
async function runPage(
  source: CatalogueSource,
  initialSettings: Settings,
  sage: Sage,
  client: WorkerClient,
): Promise<void> {
  const { dataset } = document.body;
  const assignHues = createHueAssigner();
  const { items, excluded } = client;
  let settings = initialSettings;
  let latestState: RenderedState | undefined;
  let privacyDial: PrivacyDial | undefined;

  const controller = createController({
    sage,
    client,
    settings,
    excluded,
    render,
    onError: (error) => showErrorNotice(error),
  });
  const announcer = new ActionAnnouncer(() =>
    describeInterests(items, latestState?.profile.interests ?? []),
  );
  const announce = (text: string, action: Promise<void>): void => announcer.announce(text, action);
  const fileContext: FileContext = {
    client,
    controller,
    announce,
    openCatalogue(catalogue) {
      history.replaceState(null, "", formatSettings({ ...settings, catalogue }));
      location.reload();
    },
  };
  const tap = (item: Item): void => recordAction(item, "tap");
  const save = (item: Item): void => recordAction(item, "save");
  const hide = (item: Item): void => announce(`Hid ${item.label}`, controller.hide(item.id));
  const dislike = (item: Item): void =>
    announce(`Less like ${item.label}`, controller.dislike(item.id));
  const actionCount = (): number => latestState?.profile.actions ?? 0;
  const itemListener: ItemDialogListener = {
    tap,
    save,
    hide,
    dislike,
    explain: async (item) => (actionCount() > 0 ? controller.sage().explain(item.id) : undefined),
    forget: (item) => announce(`Forgot ${item.label}`, controller.forget(item.id)),
  };
  const open = (item: Item): void => {
    openItemDialog(items, item, itemListener).catch((error: unknown) => showErrorNotice(error));
  };
  const recordExample = async (): Promise<void> => {
    const actions = await exampleActions(source, client);
    announce(`Recorded ${actions.length} examples`, controller.recordPast(actions));
  };
  const tray = createTray({ save, open });
  await nextTask();
  const wall = createWall(items, source, { tap, save, open });
  await nextTask();
  const lists = createRecommendationLists(items, {
    tap,
    hide,
    dislike,
    open,
    selectLists: (lists) => changeSettings({ lists }),
  });
  const tabs = createViewTabs(
    VIEWS,
    {
      source,
      items,
      controller,
      changeSettings,
      open,
      tap,
      announce,
      sage: controller.sage,
      call: client.call,
      onError: (error) => showErrorNotice(error),
    },
    (view) => changeSettings({ view }),
  );
  selectView(settings.view);
  await nextTask();

  byId("undo").addEventListener("click", () =>
    announce("Undone", controller.undo().then(tray.showHint)),
  );
  byId("example").addEventListener("click", () => void recordExample());
  byId("type-open").addEventListener("click", () => {
    changeSettings({ view: "type" });
    tabs.current()?.focus?.();
  });
  bindCopyButtons(document, (text) => {
    byId("announcer").textContent = text;
  });
  bindTour({
    fillProfile: () => {
      if (actionCount() === 0) void recordExample();
    },
    selectView: (view) => changeSettings({ view }),
  });
  bindCatalogueMenu(source, {
    select: (catalogue) => changeSettings({ catalogue }),
    openFile: (file) => void openUserFile(file, fileContext).catch(showFileNotice),
  });
  bindShareDialog({
    address: () => new URL(formatSettings(settings) || "#", location.href),
    actions: () => controller.sage().actions(),
    picture: () => {
      if (latestState === undefined) throw new Error("There is nothing to draw yet");
      return tabs.current()?.picture?.() ?? drawTaste(items, latestState);
    },
    isCataloguePublic: source.id !== OWN_CATALOGUE,
    onError: (error) => showErrorNotice(error),
  });
  bindLinksToParts();
  addEventListener("hashchange", () => applySettings(parseSettings(location.hash)));
  bindDataControls({
    export: controller.export,
    import: (bytes) => importActions(bytes, fileContext),
    forgetEverything: () =>
      announce(
        "Forgot everything",
        controller
          .forgetEverything()
          .then(() => client.call("eraseLedger"))
          .then(() => privacyDial?.refresh())
          .catch((error: unknown) => showErrorNotice(error))
          .then(tray.showHint),
      ),
    actionCount,
  });
  byId("privacy-open").addEventListener("click", () => {
    openPrivacyDial().catch((error: unknown) => showErrorNotice(error));
  });
  setInterval(() => {
    if (latestState !== undefined && !document.hidden) void render(latestState);
  }, RELATIVE_TIMES_INTERVAL_MS);

  await Promise.all([controller.refresh(), wall.complete]);
  dataset.state = "ready";
  offerSharedActions(items, actionCount(), {
    clearAddress: () => changeSettings({}),
    add: (actions) => {
      const tappedActions = actions.map((action) => ({ ...action, kind: "tap" }));
      announce(`Added ${actions.length} shared actions`, controller.recordPast(tappedActions));
    },
  });

  /** Loads the dial of modes in place of its button. */
  async function openPrivacyDial(): Promise<void> {
    const { createPrivacyDial } = await import("./privacy/privacy-dial.js");
    const { items, call } = client;
    const root = byId("privacy-dial");
    privacyDial ??= createPrivacyDial(root, { items, call, catalogue: source.id });
  }

  function recordAction(item: Item, kind: "tap" | "save"): void {
    tray.showAction(item, kind);
    const verb = kind === "save" ? "Saved" : "Tapped";
    announce(`${verb} ${item.label}`, controller.act(item.id, kind));
  }

  /** Writes changed settings to the address, and applies them. */
  function changeSettings(change: Partial<Settings>): void {
    const next = { ...settings, ...change };
    history.replaceState(null, "", formatSettings(next) || location.pathname + location.search);
    applySettings(next);
  }

  function applySettings(next: Settings): void {
    const previousSettings = settings;
    settings = next;
    if (next.catalogue !== previousSettings.catalogue) return location.reload();
    selectView(next.view);
    const isComputed = (["halfLifeDays", "diversity", "explore", "popularity"] as const).some(
      (name) => next[name] !== previousSettings[name],
    );
    if (isComputed) announce("Changed", controller.changeSettings(next));
    else if (latestState !== undefined) void render({ ...latestState, settings });
  }

  /** The attribute `data-view` of the body is the id of the view. */
  function selectView(id: string): void {
    dataset.view = id;
    tabs.select(id);
  }

  /** Renders what is in sight of the picks, then the rest, unless there is a newer state. */
  async function render(state: ViewState): Promise<void> {
    const { actions, interests } = state.profile;
    const hues = assignHues(interests);
    const hueByItem = new Map(
      interests.flatMap((interest, index) =>
        interest.items.map((item) => [item, hues[index] ?? 0] as const),
      ),
    );
    const hueOf = (item: string): number | undefined => hueByItem.get(item);
    const nextState = { ...state, settings, hues, hueOf };
    latestState = nextState;
    const renderFirst = (): void => {
      dataset.profile = actions > 0 ? "filled" : "empty";
      byId<HTMLButtonElement>("undo").disabled = !state.canUndo;
      renderStrip(items, nextState);
    };
    if (lists.isDocked()) {
      renderFirst();
      lists.renderDock(nextState);
      await nextFrame();
      if (latestState !== nextState) return;
      animateMoves(lists.elements, () => lists.render(nextState));
    } else
      animateMoves(lists.elements, () => {
        renderFirst();
        lists.render(nextState);
      });
    await nextFrame();
    if (latestState !== nextState) return;
    tabs.render(nextState);
    wall.setHues(hueByItem);
    outboundPanel?.setOutbound(state.outbound);
    privacyDial?.refresh();
    renderSummary(nextState);
  }
}

/** The actions of "Try an example", at distinct times: undo finds actions by their time. */
async function exampleActions(
  source: CatalogueSource,
  client: WorkerClient,
): Promise<(Action & { at: number })[]> {
  const now = Date.now();
  const example =
    source.example.length > 0
      ? source.example
      : (await client.call("example")).flatMap((group, index) =>
          group.map((item) => ({ item, daysAgo: index * 2 })),
        );
  return example.map(({ item, daysAgo }, index) => ({
    item,
    kind: "tap",
    at: now - daysAgo * DAY_MS - index * 1000,
  }));
}

/** Links to parts of the page scroll without changing the fragment, which holds the settings. */
function bindLinksToParts(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href^="#"]'))
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const target = byId(link.hash.slice(1));
      target.scrollIntoView();
      target.focus();
    });
}

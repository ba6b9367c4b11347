/** The page, put together: deeds flow to the taste, views flow back, and everything is drawn from the view. */
import { connect } from "./connect.js";
import { byId } from "./dom.js";
import { drawable } from "./drawable.js";
import { watchFetches } from "./fetches.js";
import { steadyHues } from "./hues.js";
import { inWords, showInterests } from "./interests.js";
import { EXAMPLE, type Item, type Items } from "./items.js";
import { offerKeeping } from "./keeping.js";
import { showMap } from "./map.js";
import { notify, notifyOf } from "./notices.js";
import { keepAccount } from "./outbound.js";
import { showPicks } from "./picks.js";
import { openSheet, type SheetListener } from "./sheet.js";
import { openTaste, type View } from "./taste.js";
import { setTray } from "./tray.js";
import { hangWall } from "./wall.js";
import type { Sage } from "pocketsage";

const DAY = 24 * 60 * 60 * 1000;
const account = keepAccount();
watchFetches(account.fetched);
void begin();

async function begin(): Promise<void> {
  try {
    const { sage, items } = await connect({ fetched: account.fetched, trouble: notify });
    await run(sage, items);
  } catch (error) {
    notifyOf(error, () => void begin(), "catalogue-");
  }
}

async function run(sage: Sage, items: Items): Promise<void> {
  const hues = steadyHues();
  const shown = drawable(
    items,
    getComputedStyle(document.documentElement).getPropertyValue("--emoji"),
  );
  const never = [...items.keys()].filter((id) => !shown.has(id));
  let latest: View | undefined;
  let said = "";
  let working = 0;

  const taste = openTaste(sage, never, show, (error) => notifyOf(error));
  const tap = (item: Item): void => act(item, "tap");
  const save = (item: Item): void => act(item, "save");
  const open = (item: Item): void =>
    void openSheet(items, item, deeds).catch((error: unknown) => notifyOf(error));
  const deeds: SheetListener = {
    tap,
    save,
    explain: async (item) =>
      (latest?.profile.actions ?? 0) > 0 ? sage.explain(item.id) : undefined,
    forget: (item) => say(`Forgot ${item.label}`, taste.forget(item.id)),
    hide: (item) => say(`Hid ${item.label}`, taste.hide(item.id)),
  };
  const example = (): void => {
    const now = Date.now();
    const actions = EXAMPLE.map(({ item, daysAgo }, place) => ({
      item,
      at: now - daysAgo * DAY - place * 1000,
    }));
    say("Recorded twelve examples", taste.recall(actions));
  };
  const tray = setTray({ save, open, example });
  const wall = hangWall(shown, { tap, save, open });

  byId("undo").addEventListener("click", () => say("Undone", taste.undo().then(tray.clear)));
  byId("example").addEventListener("click", example);
  offerKeeping({
    export: taste.export,
    import: (bytes) => say("Imported", taste.import(bytes)),
    forgetEverything: () => say("Forgot everything", taste.forgetEverything().then(tray.clear)),
    actions: () => latest?.profile.actions ?? 0,
  });

  // What was "just now" becomes "a minute ago".
  setInterval(() => latest !== undefined && !document.hidden && show(latest), 60_000);

  await taste.look();
  document.body.dataset["state"] = "ready";

  function act(item: Item, kind: "tap" | "save"): void {
    tray.put(item, kind);
    say(`${kind === "save" ? "Saved" : "Tapped"} ${item.label}`, taste.act(item.id, kind));
  }

  function show(view: View): void {
    latest = view;
    const { actions, interests } = view.profile;
    document.body.dataset["taste"] = actions > 0 ? "some" : "empty";
    const colours = hues(interests);
    showInterests(items, view, colours, open);
    showPicks(
      items,
      view.picks,
      (medoid) => colours[interests.findIndex((interest) => interest.medoid === medoid)] ?? 0,
      deeds,
    );
    showMap(items, view, colours);
    wall.mark(
      new Map(
        interests.flatMap((interest, place) =>
          interest.items.map((item) => [item, colours[place] ?? 0] as const),
        ),
      ),
    );
    account.sends(view.outbound);
    byId("picks").hidden = view.picks.length === 0;
    byId<HTMLButtonElement>("undo").disabled = !view.canUndo;
  }

  /** Tells assistive technology what was done and what came of it. */
  function say(words: string, deed: Promise<void>): void {
    said = words;
    working += 1;
    document.body.dataset["state"] = "working";
    void deed.then(() => {
      working -= 1;
      if (working === 0) document.body.dataset["state"] = "ready";
      if (said === words)
        byId("announcer").textContent =
          `${words}. ${inWords(items, latest?.profile.interests ?? [])}.`;
    });
  }
}

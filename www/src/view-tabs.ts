/** The tabs of the views. The shown view is rendered with each new state, others when selected. */
import { byId, createHtml } from "./dom.js";
import type { RenderedState, View, ViewContext, ViewDefinition } from "./view.js";

export interface ViewTabs {
  render(state: RenderedState): void;
  select(id: string): void;
  /** The view that is shown, if it has been created. */
  current(): View | undefined;
}

/** `onSelect` is called with the id of each view that the user selects. */
export function createViewTabs(
  definitions: readonly ViewDefinition[],
  context: ViewContext,
  onSelect: (id: string) => void,
): ViewTabs {
  const tabList = byId("view-tabs");
  const panels = byId("view-panels");
  const entries = definitions.map((definition) => {
    const { id, title } = definition;
    const attributes = { type: "button", role: "tab", class: "tab", value: id };
    const tab = createHtml("button", { ...attributes, id: `tab-${id}` }, title);
    tab.setAttribute("aria-controls", `view-${id}`);
    const panel = createHtml("div", {
      id: `view-${id}`,
      class: "view",
      role: "tabpanel",
      "aria-labelledby": tab.id,
      hidden: true,
    });
    return { definition, tab, panel, view: undefined as View | undefined };
  });
  let [current] = entries;
  let latestState: RenderedState | undefined;
  tabList.replaceChildren(...entries.map(({ tab }) => tab));
  panels.replaceChildren(...entries.map(({ panel }) => panel));

  const renderCurrent = (): void => {
    if (current === undefined || latestState === undefined) return;
    const { definition, panel } = current;
    try {
      current.view ??= definition.create(panel, context);
      Promise.resolve(current.view.render(latestState)).catch(context.onError);
    } catch (error) {
      context.onError(error);
    }
  };
  const select = (id: string): void => {
    const previousTab = current;
    current = entries.find(({ definition }) => definition.id === id) ?? entries[0];
    for (const { tab, panel } of entries) {
      const isCurrent = tab === current?.tab;
      tab.setAttribute("aria-selected", String(isCurrent));
      tab.tabIndex = isCurrent ? 0 : -1;
      panel.hidden = !isCurrent;
    }
    if (previousTab !== current) previousTab?.view?.hide?.();
    renderCurrent();
  };
  tabList.addEventListener("click", ({ target }) => {
    const tab = (target as Element).closest<HTMLButtonElement>(".tab");
    if (tab !== null) onSelect(tab.value);
  });
  tabList.addEventListener("keydown", (event) => {
    const index = entries.findIndex(({ tab }) => tab === event.target);
    const next = {
      ArrowRight: (index + 1) % entries.length,
      Home: 0,
      ArrowLeft: (index - 1 + entries.length) % entries.length,
      End: entries.length - 1,
    }[event.key];
    const tab = next === undefined ? undefined : entries[next]?.tab;
    if (tab === undefined) return;
    event.preventDefault();
    tab.focus();
    onSelect(tab.value);
  });
  select("");
  return {
    render(state) {
      latestState = state;
      renderCurrent();
    },
    select,
    current: () => current?.view,
  };
}

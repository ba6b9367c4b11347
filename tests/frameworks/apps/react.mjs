// The app of the tests in React, in StrictMode: effects run twice, and so do renders.
import { useInterests, useRecommendations, useSage } from "pocketsage/react";
import { createElement as h, StrictMode } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { describe } from "./describe.mjs";

function List({ user, sage, options }) {
  const interests = useInterests(sage.sage);
  const picks = useRecommendations(sage.sage, { ...options }); // a new object in each render
  const refresh = h("button", { type: "button", id: "refresh", onClick: picks.refresh }, "refresh");
  return h("div", null, refresh, h("pre", null, describe({ user, sage, interests, picks })));
}

export function App({ open, user, options }) {
  const sage = useSage(() => open(user), user);
  const reopen = h("button", { type: "button", id: "reopen", onClick: sage.reopen }, "reopen");
  return h("main", null, reopen, h(List, { user, sage, options }));
}

const tree = (inputs) => h(StrictMode, null, h(App, inputs));

const controls = (root) => ({
  update: (inputs) => root.render(tree(inputs)),
  unmount: () => root.unmount(),
});

export function mount(target, inputs) {
  const root = createRoot(target);
  root.render(tree(inputs));
  return controls(root);
}

export function hydrate(target, inputs) {
  return controls(hydrateRoot(target, tree(inputs)));
}

/** The HTML of the app on a server. */
export async function renderToHtml(inputs) {
  const { renderToString } = await import("react-dom/server");
  return renderToString(tree(inputs));
}

// The app of the tests in Svelte. Its inputs come from a store, so that they can change.
import { hydrate as hydrateComponent, mount as mountComponent, unmount } from "svelte";
import { writable } from "svelte/store";
import Host from "./Host.svelte";

function attach(create, target, inputs) {
  const store = writable(inputs);
  const component = create(Host, { target, props: { inputs: store } });
  return { update: (next) => store.set(next), unmount: () => unmount(component) };
}

export const mount = (target, inputs) => attach(mountComponent, target, inputs);
export const hydrate = (target, inputs) => attach(hydrateComponent, target, inputs);

/** The HTML of the app on a server. */
export async function renderToHtml(inputs) {
  const { render } = await import("svelte/server");
  return render(Host, { props: { inputs: writable(inputs) } }).body;
}

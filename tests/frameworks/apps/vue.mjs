// The app of the tests in Vue, with render functions.
import { useInterests, useRecommendations, useSage } from "pocketsage/vue";
import { createApp, createSSRApp, defineComponent, h, reactive, shallowReactive } from "vue";
import { describe } from "./describe.mjs";

const List = defineComponent({
  props: ["user", "sage", "state", "options"],
  setup(props) {
    const interests = reactive(useInterests(() => props.sage));
    const picks = reactive(
      useRecommendations(
        () => props.sage,
        () => ({ ...props.options }),
      ),
    );
    return () => {
      const text = describe({ user: props.user, sage: props.state, interests, picks });
      const refresh = h(
        "button",
        { type: "button", id: "refresh", onClick: () => picks.refresh() },
        "refresh",
      );
      return h("div", [refresh, h("pre", text)]);
    };
  },
});

const App = defineComponent({
  props: ["open", "user", "options"],
  setup(props) {
    const user = () => props.user;
    const { sage, error, isLoading, reopen } = useSage(() => props.open(props.user), user);
    return () => {
      const state = { error: error.value, isLoading: isLoading.value };
      const list = h(List, { user: props.user, sage: sage.value, state, options: props.options });
      return h("main", [
        h("button", { type: "button", id: "reopen", onClick: reopen }, "reopen"),
        list,
      ]);
    };
  },
});

function attach(create, target, inputs) {
  const current = shallowReactive({ ...inputs });
  const app = create({ render: () => h(App, { ...current }) });
  app.mount(target);
  return { update: (next) => Object.assign(current, next), unmount: () => app.unmount() };
}

export const mount = (target, inputs) => attach(createApp, target, inputs);
export const hydrate = (target, inputs) => attach(createSSRApp, target, inputs);

/** The HTML of the app on a server. */
export async function renderToHtml(inputs) {
  const { renderToString } = await import("vue/server-renderer");
  return renderToString(createSSRApp({ render: () => h(App, inputs) }));
}

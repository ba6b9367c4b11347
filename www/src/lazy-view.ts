/** A view whose code is loaded when it is selected for the first time. */
import type { View, ViewContext, ViewDefinition } from "./view.js";

type Create = (root: HTMLElement, context: ViewContext) => View;

export function lazyView(id: string, title: string, load: () => Promise<Create>): ViewDefinition {
  return {
    id,
    title,
    create(root, context) {
      let view: View | undefined;
      let loading: Promise<void> | undefined;
      let isHidden = false;
      let isFocusWanted = false;
      return {
        async render(state) {
          isHidden = false;
          loading ??= load().then(
            (create) => {
              view = create(root, context);
              if (isFocusWanted) view.focus?.();
            },
            (error: unknown) => {
              loading = undefined; // the next selection tries again
              throw error;
            },
          );
          await loading;
          if (!isHidden) await view?.render(state);
        },
        focus() {
          if (view === undefined) isFocusWanted = true;
          else view.focus?.();
        },
        hide() {
          isHidden = true;
          isFocusWanted = false;
          view?.hide?.();
        },
        picture: () => view?.picture?.(),
      };
    },
  };
}

/** The guided tour: five steps, each beside the part of the page that it is about. */
import { byId, createButton, createHtml } from "./dom.js";

interface Step {
  /** Id of the part of the page. */
  target: string;
  title: string;
  text: string;
  /** Runs when the step is shown. */
  prepare?: () => void;
}

export interface TourListener {
  /** Records the example if nothing has been tapped yet. */
  fillProfile(): void;
  selectView(id: string): void;
}

/** Space between the window's edge or the target and the tour, in pixels. */
const GAP = 12;

export function bindTour(listener: TourListener): void {
  const steps: readonly Step[] = [
    {
      target: "wall-panel",
      title: "Tap what you like",
      text: "Each tap is an action. A save counts three times. The tour taps twelve examples.",
    },
    {
      target: "interests",
      title: "Interests form",
      text:
        "Alike items join. The large one is real and represents its interest; the share is its " +
        "importance now.",
      prepare: () => {
        listener.fillProfile();
        listener.selectView("interests");
      },
    },
    {
      target: "recommendations",
      title: "Several interests, or one average",
      text:
        "Both lists come from the same taps. Colours show which interest a pick is for. The " +
        "average leaves interests out, or mixes them.",
    },
    {
      target: "interests",
      title: "Turn the dials",
      text:
        "How long the past counts, how varied and how daring the list is. Hide, mute or forget " +
        "anything.",
      prepare: () => listener.selectView("dials"),
    },
    {
      target: "outbound",
      title: "Nothing leaves",
      text:
        "All of it is computed here. The same code runs in your page: one npm package, one file " +
        "of items.",
    },
  ];
  const dialog = byId<HTMLDialogElement>("tour");
  let currentStep = 0;
  let invoker: Element | null = null;

  const target = (): HTMLElement => byId(steps[currentStep]?.target ?? "");
  const markTarget = (isMarked: boolean): void => {
    target().classList.toggle("tour-target", isMarked);
  };
  const show = (index: number): void => {
    markTarget(false);
    currentStep = index;
    const step = steps[index];
    if (step === undefined) return dialog.close();
    step.prepare?.();
    markTarget(true);
    const isLast = index === steps.length - 1;
    const next = createButton(isLast ? "Done" : "Next", () => show(index + 1), {
      classes: "strong",
    });
    const back = createButton("Back", () => show(index - 1));
    back.disabled = index === 0;
    dialog.replaceChildren(
      createHtml("p", { class: "muted" }, `Step ${index + 1} of ${steps.length}`),
      createHtml("h2", { id: "tour-title" }, step.title),
      createHtml("p", {}, step.text),
      createHtml(
        "div",
        { class: "button-row" },
        next,
        back,
        createButton("End the tour", () => dialog.close()),
      ),
    );
    target().scrollIntoView({ block: "nearest" });
    place(dialog, target());
    next.focus({ preventScroll: true });
  };

  byId("tour-start").addEventListener("click", ({ currentTarget }) => {
    invoker = currentTarget as Element;
    if (!dialog.open) dialog.show();
    show(0);
  });
  dialog.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") dialog.close();
  });
  dialog.addEventListener("close", () => {
    markTarget(false);
    (invoker as HTMLElement | null)?.focus();
  });
  addEventListener("resize", () => {
    if (dialog.open) place(dialog, target());
  });
}

/** Places the tour beside its target. In narrow windows the style sheet places it. */
function place(dialog: HTMLElement, target: HTMLElement): void {
  const box = target.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = dialog;
  const fitsRight = box.right + GAP + width < innerWidth;
  const fitsLeft = box.left - GAP - width > 0;
  let x = box.left + GAP;
  if (fitsRight) x = box.right + GAP;
  else if (fitsLeft) x = box.left - GAP - width;
  const y = Math.min(Math.max(box.top + GAP * 4, GAP), innerHeight - height - GAP);
  dialog.style.setProperty("--tour-x", `${Math.round(Math.max(x, GAP))}px`);
  dialog.style.setProperty("--tour-y", `${Math.round(y)}px`);
}

/**
 * The timeline: how the interests grew. A column is the profile at the time of one action; its
 * parts are the interests of that time, as high as they were important.
 */
import { type Interest, LIMITS, type Profile } from "pocketsage";
import { createGlyph, createHtml, createSvg, setHue } from "./dom.js";
import { formatAge, formatCount, formatShare } from "./format.js";
import { itemById } from "./items.js";
import type { RenderedState, View, ViewContext, ViewDefinition } from "./view.js";

/** Maximum number of columns. */
const MAX_MOMENTS = 28;
/** Size of the picture, in SVG user units. */
const WIDTH = 440;
const HEIGHT = 220;
const GAP = 2;

/** A profile of the past with the hues of its interests. */
interface Moment {
  at: number;
  profile: Profile;
  hues: readonly (number | undefined)[];
}

export const timelineView: ViewDefinition = {
  id: "timeline",
  title: "Timeline",
  create(root, context) {
    const picture = createHtml("div", { class: "timeline" });
    const slider = createHtml("input", { type: "range", min: 0, value: 0, "aria-label": "Time" });
    const caption = createHtml("p", { class: "timeline-caption", role: "status" });
    const interests = createHtml("ul", { class: "timeline-interests" });
    const note = "Each column is your profile after an action, oldest first.";
    root.append(picture, slider, caption, interests, createHtml("p", { class: "muted" }, note));
    return createTimeline(context, { picture, slider, caption, interests });
  },
};

function createTimeline(
  { items, sage }: ViewContext,
  parts: {
    picture: HTMLElement;
    slider: HTMLInputElement;
    caption: HTMLElement;
    interests: HTMLElement;
  },
): View {
  const { picture, slider, caption, interests } = parts;
  let moments: readonly Moment[] = [];
  let svg: SVGElement | undefined;
  let shownProfile: Profile | undefined;

  const showMoment = (): void => {
    const index = Number(slider.value);
    const moment = moments[index];
    if (moment === undefined) return;
    const actions = formatCount(moment.profile.actions, "action");
    caption.textContent = `${formatAge(moment.at)}, after ${actions}`;
    slider.setAttribute("aria-valuetext", caption.textContent);
    interests.replaceChildren(
      ...moment.profile.interests.map((interest, position) => {
        const item = itemById(items, interest.medoid);
        const share = createHtml("span", { class: "muted" }, formatShare(interest.importance));
        const entry = createHtml("li", {}, createGlyph(item), item.label, " ", share);
        setHue(entry, moment.hues[position]);
        return entry;
      }),
    );
    for (const [position, column] of [...(svg?.children ?? [])].entries())
      column.classList.toggle("chosen", position === index);
  };
  slider.addEventListener("input", showMoment);

  return {
    async render(state) {
      if (shownProfile === state.profile) return;
      shownProfile = state.profile;
      const actions = await sage().actions({ count: LIMITS.maxCount });
      const times = sampleTimes(actions.filter(({ weight = 1 }) => weight > 0).map(({ at }) => at));
      const profiles = await Promise.all(times.map((at) => sage().profile({ at })));
      if (shownProfile !== state.profile) return; // a newer state is being rendered
      moments = times.map((at, index) => {
        const profile = profiles[index] ?? state.profile;
        return { at, profile, hues: profile.interests.map((interest) => hueOf(interest, state)) };
      });
      svg = drawMoments(moments);
      picture.replaceChildren(svg);
      slider.max = String(moments.length - 1);
      slider.value = slider.max;
      slider.hidden = moments.length < 2;
      showMoment();
    },
  };
}

/** At most MAX_MOMENTS of the distinct times, oldest first, at equal steps; always the newest. */
function sampleTimes(times: readonly number[]): number[] {
  const distinct = [...new Set(times)].sort((a, b) => a - b);
  if (distinct.length <= MAX_MOMENTS) return distinct;
  const step = (distinct.length - 1) / (MAX_MOMENTS - 1);
  return Array.from({ length: MAX_MOMENTS }, (_, index) => distinct[Math.round(index * step)] ?? 0);
}

/** The hue of the present interest that has most of its items; undefined if none has any. */
function hueOf(interest: Interest, state: RenderedState): number | undefined {
  const counts = new Map<number, number>();
  for (const item of interest.items) {
    const hue = state.hueOf(item);
    if (hue !== undefined) counts.set(hue, (counts.get(hue) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function drawMoments(moments: readonly Moment[]): SVGElement {
  const width = WIDTH / Math.max(moments.length, 1);
  const columns = moments.map(({ profile, hues }, index) => {
    let y = 0;
    const order = profile.interests
      .map((interest, position) => ({ interest, hue: hues[position] ?? 0 }))
      .sort((a, b) => a.hue - b.hue); // equal hues at equal heights
    const parts = order.map(({ interest, hue }) => {
      const height = interest.importance * HEIGHT;
      const part = createSvg("rect", {
        x: index * width,
        y,
        rx: 2,
        width: Math.max(width - GAP, 1),
        height: Math.max(height - GAP, 1),
      });
      setHue(part, hue);
      y += height;
      return part;
    });
    return createSvg("g", { class: "moment" }, ...parts);
  });
  const attributes = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" };
  return createSvg("svg", attributes, ...columns);
}

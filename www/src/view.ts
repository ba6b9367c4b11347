/**
 * A view: one of the tabs beside the recommendations. `VIEWS` in views.ts lists them; a new view is
 * one file and one line there.
 */
import type { Interest, ItemId, Sage } from "pocketsage";
import type { CatalogueSource } from "./catalogues.js";
import type { WorkerClient } from "./connect.js";
import type { Controller, ViewState } from "./controller.js";
import type { Item, Items } from "./items.js";
import type { Settings } from "./settings.js";

/** What a view can read and do. */
export interface ViewContext {
  source: CatalogueSource;
  items: Items;
  /** The open Sage. It changes with the half-life, so it is not kept. */
  sage(): Sage;
  /** Calls a function of worker-calls.ts. */
  call: WorkerClient["call"];
  controller: Controller;
  /** Changes settings, and writes them to the address. */
  changeSettings(change: Partial<Settings>): void;
  /** Opens the dialog of an item. */
  open(item: Item): void;
  tap(item: Item): void;
  /** Announces a change to assistive technology once it is rendered. */
  announce(text: string, change: Promise<void>): void;
  /** Shows the notice of an error. */
  onError(error: unknown): void;
}

/** What is rendered: the state of the controller, and the colours of its interests. */
export interface RenderedState extends ViewState {
  /** The hue of each interest, in degrees. */
  hues: readonly number[];
  /** The hue of the interest of an item or medoid; undefined if it is in none. */
  hueOf(item: ItemId): number | undefined;
}

export interface View {
  /** Shows a state. Called with each new one while the view is shown, and when it is selected. */
  render(state: RenderedState): void | Promise<void>;
  /** Called when another view is selected. */
  hide?(): void;
  /** Moves the focus into the view, as soon as it is there. */
  focus?(): void;
  /** A picture for the export, with all of its styles in attributes; undefined if there is none. */
  picture?(): SVGSVGElement | undefined;
}

export interface ViewDefinition {
  /** The value of `view` in the address. */
  id: string;
  title: string;
  /** Fills `root`, which is empty, once: when the view is selected for the first time. */
  create(root: HTMLElement, context: ViewContext): View;
}

/** The names of an interest as one text: "animal, pet"; "" if its items have no words. */
export function nameOf(state: ViewState, interest: Interest): string {
  return (state.names[state.profile.interests.indexOf(interest)] ?? []).join(", ");
}

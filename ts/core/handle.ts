/**
 * A catalogue's place in the wasm memory, across crashes: while a crashed instance is replaced, its bytes are read out of the old memory
 * (their checksum tells whether they are whole), and the next call puts them into the new one. So nothing is kept twice while all is well.
 */

import { SageError } from "../errors.js";
import { onRestart, withCore } from "./glue.js";
import type { Core, CoreCatalogue } from "./interface.js";

/** Something in the wasm memory that can be asked and released. */
export interface CatalogueHandle {
  with<T>(question: (core: CoreCatalogue) => T): T;
  /** Puts another in its place, made from it; throws what that throws, and then nothing has changed. */
  replace(make: (here: CoreCatalogue, core: Core) => CoreCatalogue): void;
  release(): void;
}

type State =
  | { is: "here"; core: CoreCatalogue }
  | { is: "carried"; bytes: Uint8Array }
  | { is: "lost"; cause: unknown }
  | { is: "closed" };

interface Slot {
  state: State;
}

/** Looks after a core catalogue from now on: nobody else may free it. */
export function openHandle(core: CoreCatalogue): CatalogueHandle {
  const place: Slot = { state: { is: "here", core } };
  const unregister = copyOutBeforeRestarts(
    "WeakRef" in globalThis ? new WeakRef(place) : { deref: () => place },
  );
  finalizers?.register(place, unregister, place);
  return {
    with: (question) => {
      const here = liveCatalogue(place);
      return withCore(() => question(here));
    },
    replace: (make) => {
      const here = liveCatalogue(place);
      const made = withCore((core) => make(here, core));
      here.free();
      place.state = { is: "here", core: made };
    },
    release: () => {
      if (place.state.is === "here") place.state.core.free();
      place.state = { is: "closed" };
      finalizers?.unregister(place);
      unregister();
    },
  };
}

/** Older settings of Cloudflare Workers know neither finalization nor weak references: there, what is not closed stays. */
const finalizers =
  "FinalizationRegistry" in globalThis
    ? new FinalizationRegistry<() => void>((unregister) => unregister())
    : undefined;

/** Weakly, because a strong reference would keep every dropped catalogue's memory until the page ends. */
function copyOutBeforeRestarts(weak: Pick<WeakRef<Slot>, "deref">): () => void {
  return onRestart(() => {
    const place = weak.deref();
    if (place) place.state = copyOut(place.state);
  });
}

/** Reads the catalogue out of a crashed instance, whose memory is still there. */
function copyOut(state: State): State {
  if (state.is !== "here") return state;
  try {
    return { is: "carried", bytes: state.core.toBytes() };
  } catch (cause) {
    return { is: "lost", cause };
  }
}

/** The catalogue in the instance of now. */
function liveCatalogue(place: Slot): CoreCatalogue {
  const { state } = place;
  if (state.is === "here") return state.core;
  if (state.is === "closed")
    throw new SageError(
      "closed",
      "The catalogue was closed: open it again with Catalogue.fetch or fromBytes.",
    );
  if (state.is === "lost") {
    throw new SageError(
      "crashed",
      "The catalogue went down with the core: open it again with Catalogue.fetch or fromBytes.",
      {
        cause: state.cause,
      },
    );
  }
  const core = withCore(({ CoreCatalogue }) => CoreCatalogue.fromBytes(state.bytes, false));
  place.state = { is: "here", core };
  return core;
}

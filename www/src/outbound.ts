/**
 * What has left this device. Said by the Sage (`preview()`: what the next recommendation would send) and by the browser (what was fetched,
 * and from where).
 */
import type { Outbound } from "pocketsage";
import { byId, make } from "./dom.js";
import type { Fetched } from "./fetches.js";
import { count, size } from "./words.js";

export interface Account {
  fetched(fetches: readonly Fetched[]): void;
  sends(outbound: readonly Outbound[]): void;
}

/** What a file is to the reader, by the end of its name; anything else is the page itself. */
const PARTS = [
  { name: "The catalogue", ending: /\.sage$/ },
  { name: "PocketSage, in WebAssembly", ending: /\.wasm$/ },
  { name: "This page", ending: /(?:)/ },
] as const;

export function keepAccount(): Account {
  const fetches = new Map<string, number>();
  const parts = make("dl", { class: "fetches" });
  const total = make("summary");
  const files = make("ul", { class: "fetches" });
  byId("outbound-fetches").replaceChildren(
    make("h3", {}, "What came in"),
    parts,
    make("details", {}, total, files),
  );
  let outbound: readonly Outbound[] = [];

  const judge = (): void => {
    const strangers = [...fetches.keys()].filter(
      (address) => new URL(address).origin !== location.origin,
    );
    byId("outbound-account").replaceChildren(...verdict(outbound, strangers));
  };
  judge();
  return {
    fetched(more) {
      for (const { address, bytes } of more)
        if (/^https?:/.test(address))
          fetches.set(address, Math.max(bytes, fetches.get(address) ?? 0));
      const rows = [...fetches].sort((a, b) => b[1] - a[1]);
      total.textContent = `${count(rows.length, "file")}, the same for everyone, as your browser recorded them`;
      const row = (name: string, bytes: number): HTMLElement =>
        make("li", {}, make("span", {}, name), make("span", {}, size(bytes)));
      files.replaceChildren(...rows.map(([address, bytes]) => row(brief(address), bytes)));
      parts.replaceChildren(
        ...sums(fetches).map(([name, bytes]) =>
          make("div", {}, make("dt", {}, name), make("dd", {}, size(bytes))),
        ),
      );
      judge();
    },
    sends(next) {
      outbound = next;
      judge();
    },
  };
}

function verdict(outbound: readonly Outbound[], strangers: readonly string[]): HTMLElement[] {
  const bytes = outbound.reduce((sum, message) => sum + message.bytes.length, 0);
  const said = outbound.map(({ to, says }) => `${says} to ${to}`).join("; ");
  const next =
    outbound.length === 0
      ? "The next recommendation will ask the catalogue on this device, and send nothing."
      : `The next recommendation would send ${count(outbound.length, "message")}, ${size(bytes)}: ${said}.`;
  if (strangers.length === 0 && outbound.length === 0)
    return [make("p", { class: "verdict" }, "Nothing."), make("p", {}, next)];
  const others = [...new Set(strangers.map((address) => new URL(address).host))].join(", ");
  return [
    make(
      "p",
      { class: "verdict warn" },
      strangers.length > 0 ? `Requests to ${others}.` : "Nothing yet.",
    ),
    make("p", {}, next),
  ];
}

function sums(fetches: ReadonlyMap<string, number>): [name: string, bytes: number][] {
  const sums = new Map<string, number>(PARTS.map(({ name }) => [name, 0]));
  for (const [address, bytes] of fetches) {
    const part = PARTS.find(({ ending }) => ending.test(new URL(address).pathname));
    if (part !== undefined) sums.set(part.name, (sums.get(part.name) ?? 0) + bytes);
  }
  return [...sums];
}

/** The name of one of this page's own files; the whole address of any other. */
function brief(address: string): string {
  const { origin, pathname } = new URL(address);
  return origin === location.origin ? pathname.split("/").pop() || pathname : address;
}

"use client";
import { useInterests, useRecommendations, useSage } from "pocketsage/react";

/** Called in the browser only: the server renders without the package and its wasm. */
async function open() {
  const { Catalogue, indexedDbStore, openSage } = await import("pocketsage");
  const catalogue = await Catalogue.fetch("/emoji.sage"); // copied to public/ by `npm run catalogue`
  return openSage({ catalogue, store: indexedDbStore("next") });
}

/** The ids of the included catalogue are code points. */
const emojiOf = (item) =>
  String.fromCodePoint(...item.split("-").map((code) => Number.parseInt(code, 16)));

export function Picks() {
  const { sage, error, reopen } = useSage(open);
  const { data: interests } = useInterests(sage);
  const { data: picks, isLoading } = useRecommendations(sage, { count: 24 });
  if (error)
    return (
      <button type="button" onClick={reopen}>
        {error.message} Try again
      </button>
    );
  return (
    <section aria-busy={isLoading}>
      <p role="status">{interests.length} interests</p>
      <div>
        {picks.map(({ item }) => (
          <button type="button" key={item} onClick={() => sage.record({ item })}>
            {emojiOf(item)}
          </button>
        ))}
      </div>
    </section>
  );
}

import { useInterests, useRecommendations, useSage } from "pocketsage/react";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { emojiOf, open } from "./sage.js";

function App() {
  const { sage, error, reopen } = useSage(open);
  if (error)
    return (
      <button type="button" onClick={reopen}>
        {error.message} Try again
      </button>
    );
  return <Picks sage={sage} />;
}

function Picks({ sage }) {
  const [diversity, setDiversity] = useState(0);
  const { data: interests } = useInterests(sage);
  const { data: picks, isLoading, error } = useRecommendations(sage, { count: 24, diversity });
  return (
    <main aria-busy={isLoading}>
      <h1>Tap what you like</h1>
      <p role="status">
        {interests.length} interests {interests.map(({ medoid }) => emojiOf(medoid)).join(" ")}
      </p>
      <label>
        Diversity{" "}
        <input
          type="range"
          max="1"
          step="0.1"
          value={diversity}
          onChange={(event) => setDiversity(Number(event.target.value))}
        />
      </label>
      {error && <p role="alert">{error.message}</p>}
      <div>
        {picks.map(({ item }) => (
          <button type="button" key={item} onClick={() => sage.record({ item })}>
            {emojiOf(item)}
          </button>
        ))}
      </div>
      <button type="button" id="forget" onClick={() => sage?.forget("everything")}>
        Forget everything
      </button>
    </main>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

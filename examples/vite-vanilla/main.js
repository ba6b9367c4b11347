// Recommendations that follow each tap. The sage runs in a Web Worker: clustering never blocks the
// page.
import { connectSage } from "pocketsage";

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
const sage = await connectSage(worker);

/** The ids of the included catalogue are code points. */
const emojiOf = (item) =>
  String.fromCodePoint(...item.split("-").map((code) => Number.parseInt(code, 16)));

async function show() {
  const picks = await sage.recommend({ count: 24 });
  const buttons = picks.map(({ item, because }) => {
    const button = document.createElement("button");
    button.textContent = emojiOf(item);
    button.title = because.medoid ? `because of ${emojiOf(because.medoid)}` : because.from;
    button.onclick = () => sage.record({ item });
    return button;
  });
  document.querySelector("main").replaceChildren(...buttons);
}

sage.subscribe(show); // after each tap, here and in other tabs
await show();

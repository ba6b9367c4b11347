/** Trouble in words: what happened, what it means, and the way out. */
import { isSageError } from "pocketsage";
import { byId, make } from "./dom.js";

const WORDS: Readonly<Record<string, { title: string; remedy: string }>> = {
  storage: {
    title: "Your browser would not store your taste, so it is kept in memory only.",
    remedy: "Everything works, but closing this tab forgets it. Leave private browsing or allow this site to store data, then reload; or export now and import later.",
  },
  corrupt: {
    title: "That taste cannot be read.",
    remedy: "What was stored has been put aside untouched, and what is on this page is unchanged. Import a file that PocketSage exported.",
  },
  version: {
    title: "That taste was written by a newer PocketSage.",
    remedy: "It has been left untouched. Reload the page to get the newest version, then try again.",
  },
  retrieval: { title: "The catalogue could not be fetched.", remedy: "Check the connection, then try again." },
  "worker-gone": {
    title: "The worker that computes your interests has stopped.",
    remedy: "Reload the page. What you tapped is stored on this device.",
  },
};

/** Shows an error of the Sage, or any other. The same trouble is shown once, however often it comes. */
export function notifyOf(error: unknown, again?: () => void): void {
  if (isSageError(error)) notify(error.code, error.message, again);
  else notify("unexpected", error instanceof Error ? error.message : String(error), again);
}

export function notify(code: string, message: string, again?: () => void): void {
  const notices = byId("notices");
  if (notices.querySelector(`[data-code="${CSS.escape(code)}"]`) !== null) return;
  const { title, remedy } = WORDS[code] ?? { title: "Something went wrong.", remedy: "Reload the page. What you tapped is stored on this device." };
  const close = make("button", { type: "button", class: "hide", title: "Dismiss", "aria-label": "Dismiss this notice" }, "×");
  const notice = make(
    "div",
    { class: "notice", role: "alert", "data-code": code },
    make("p", {}, make("strong", {}, title), ` ${remedy}`),
    make("p", { class: "soft" }, message),
    close,
  );
  close.addEventListener("click", () => notice.remove());
  if (again !== undefined) {
    const retry = make("button", { type: "button", class: "button" }, "Try again");
    retry.addEventListener("click", () => {
      notice.remove();
      again();
    });
    notice.append(retry);
  }
  notices.append(notice);
}

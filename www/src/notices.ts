/** Trouble in words: what happened, what it means, and the way out. */
import { isSageError } from "pocketsage";
import { byId, make } from "./dom.js";

const ASIDE = "What was stored has been put aside, untouched. If you have an export, import it.";
const RELOAD =
  "Reload the page, so that page and catalogue are of one version. If that does not help, the copy on the server is damaged.";

const WORDS: Readonly<Record<string, { title: string; remedy: string }>> = {
  storage: {
    title: "Your browser would not store your taste, so it is kept in memory only.",
    remedy:
      "Everything works, but closing this tab forgets it. Leave private browsing or allow this site to store data, then reload; " +
      "or export now and import later.",
  },
  "stored-corrupt": {
    title: "The taste stored here cannot be read, so this one starts empty.",
    remedy: ASIDE,
  },
  "stored-version": {
    title: "The taste stored here was written by a newer PocketSage, so this one starts empty.",
    remedy: ASIDE,
  },
  "stored-dimension": {
    title: "The taste stored here is of another catalogue, so this one starts empty.",
    remedy: ASIDE,
  },
  "catalogue-corrupt": { title: "The catalogue that came cannot be read.", remedy: RELOAD },
  "catalogue-version": {
    title: "The catalogue that came is newer than this page.",
    remedy: RELOAD,
  },
  corrupt: {
    title: "That file is not a taste that can be read.",
    remedy: "Nothing was changed. Choose a file that was made with Export, whole and unedited.",
  },
  version: {
    title: "That file was written by a newer PocketSage.",
    remedy: "Nothing was changed. Reload the page to get the newest version, then import it again.",
  },
  dimension: {
    title: "That taste is of another catalogue.",
    remedy: "Nothing was changed. Choose a file that was exported from a page with this catalogue.",
  },
  retrieval: {
    title: "The catalogue could not be fetched.",
    remedy: "Check the connection, then try again.",
  },
  "worker-gone": {
    title: "The worker that computes your interests has stopped.",
    remedy: "Reload the page. What you tapped is stored on this device.",
  },
};

const UNEXPECTED = {
  title: "Something went wrong.",
  remedy: "Reload the page. What you tapped is stored on this device.",
};

/** Shows an error of the Sage, or any other. `of` says what cannot be read where the error alone does not. */
export function notifyOf(error: unknown, again?: () => void, of = ""): void {
  const code = isSageError(error) ? error.code : "unexpected";
  const message = error instanceof Error ? error.message : String(error);
  notify(`${of}${code}` in WORDS ? `${of}${code}` : code, message, again);
}

/** Shows trouble by its code. The same trouble is shown once, however often it comes. */
export function notify(code: string, message: string, again?: () => void): void {
  const notices = byId("notices");
  if (notices.querySelector(`[data-code="${CSS.escape(code)}"]`) !== null) return;
  const { title, remedy } = WORDS[code] ?? UNEXPECTED;
  const close = make(
    "button",
    { type: "button", class: "hide", title: "Dismiss", "aria-label": "Dismiss this notice" },
    "×",
  );
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

/** Notices: what went wrong, what it means for the user, and what to do. */
import { isSageError } from "pocketsage";
import { byId, createButton, createHtml, createIconButton } from "./dom.js";

const IMPORT_EXPORTED =
  "What was stored has been put aside, untouched. If you have an export, import it.";
const RELOAD =
  "Reload the page, so that page and catalogue are of one version. If that does not help, the " +
  "copy on the server is damaged.";
const RELOAD_KEEPS_ACTIONS = "Reload the page. What you tapped is stored on this device.";

/**
 * By the code of the `SageError`. Codes that mean different things in different files have a
 * prefix: "stored-" for the stored profile, "catalogue-" for the catalogue, none for an import.
 */
const TEXTS: Readonly<Record<string, { title: string; remedy: string }>> = {
  storage: {
    title: "Your browser would not store your taste, so it is kept in memory only.",
    remedy:
      "Everything works, but closing this tab forgets it. Leave private browsing or allow this " +
      "site to store data, then reload; or export now and import later.",
  },
  "stored-corrupt": {
    title: "The taste stored here cannot be read, so this one starts empty.",
    remedy: IMPORT_EXPORTED,
  },
  "stored-version": {
    title: "The taste stored here was written by a newer PocketSage, so this one starts empty.",
    remedy: IMPORT_EXPORTED,
  },
  "stored-dimension": {
    title: "The taste stored here is of another catalogue, so this one starts empty.",
    remedy: IMPORT_EXPORTED,
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
    remedy: RELOAD_KEEPS_ACTIONS,
  },
};

const UNEXPECTED = { title: "Something went wrong.", remedy: RELOAD_KEEPS_ACTIONS };

/**
 * Shows an error. `prefix` selects the text for codes that depend on the file; codes without a
 * text of that prefix use their own. `retry` adds a button.
 */
export function showErrorNotice(error: unknown, retry?: () => void, prefix = ""): void {
  const code = isSageError(error) ? error.code : "unexpected";
  const message = error instanceof Error ? error.message : String(error);
  showNotice(`${prefix}${code}` in TEXTS ? `${prefix}${code}` : code, message, retry);
}

/** Shows the text of a code, and the message below it. A notice that is already shown stays. */
export function showNotice(code: string, message: string, retry?: () => void): void {
  const notices = byId("notices");
  if (notices.querySelector(`[data-code="${CSS.escape(code)}"]`) !== null) return;
  const { title, remedy } = TEXTS[code] ?? UNEXPECTED;
  const notice = createHtml(
    "div",
    { class: "notice", role: "alert", "data-code": code },
    createHtml("p", {}, createHtml("strong", {}, title), ` ${remedy}`),
    createHtml("p", { class: "muted" }, message),
    createIconButton("Dismiss", () => notice.remove(), "Dismiss this notice"),
  );
  if (retry !== undefined) {
    const retryButton = createButton("Try again", () => {
      notice.remove();
      retry();
    });
    notice.append(retryButton);
  }
  notices.append(notice);
}

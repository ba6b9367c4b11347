/** Notices: each states an error, its effect on the user, and a remedy. */
import { isSageError } from "pocketsage";
import { byId, createButton, createHtml, createIconButton } from "./dom.js";

const IMPORT_REMEDY =
  "What was stored has been put aside, untouched. If you have an export, import it.";
const RELOAD_CATALOGUE_REMEDY =
  "Reload the page, so that page and catalogue are of one version. If that does not help, the " +
  "copy on the server is damaged.";
const RELOAD_PAGE_REMEDY = "Reload the page. What you tapped is stored on this device.";

/**
 * Texts of the notices by error code. A code that means different things in different files has a
 * prefix: "stored-" for the stored profile, "catalogue-" for the catalogue, none for an import.
 */
const NOTICE_TEXTS: Readonly<Record<string, { title: string; remedy: string }>> = {
  storage: {
    title: "Your browser would not store your taste, so it is kept in memory only.",
    remedy:
      "Everything works, but closing this tab forgets it. Leave private browsing or allow this " +
      "site to store data, then reload; or export now and import later.",
  },
  "stored-corrupt": {
    title: "The taste stored here cannot be read, so this one starts empty.",
    remedy: IMPORT_REMEDY,
  },
  "stored-version": {
    title: "The taste stored here was written by a newer PocketSage, so this one starts empty.",
    remedy: IMPORT_REMEDY,
  },
  "stored-dimension": {
    title: "The taste stored here is of another catalogue, so this one starts empty.",
    remedy: IMPORT_REMEDY,
  },
  "catalogue-corrupt": {
    title: "The catalogue that came cannot be read.",
    remedy: RELOAD_CATALOGUE_REMEDY,
  },
  "catalogue-version": {
    title: "The catalogue that came is newer than this page.",
    remedy: RELOAD_CATALOGUE_REMEDY,
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
  file: {
    title: "That file cannot be used.",
    remedy: "Nothing was changed. The catalogue menu describes what files can hold.",
  },
  link: {
    title: "The actions in this link cannot be read.",
    remedy: "Nothing was changed. The link may be cut off: ask for it again.",
  },
  "unknown-catalogue": {
    title: "This address names a catalogue that is not here.",
    remedy: "Another one is shown. If the catalogue was a file, choose the file in its menu.",
  },
  retrieval: {
    title: "The catalogue could not be fetched.",
    remedy: "Check the connection, then try again, or choose another catalogue in the menu.",
  },
  "worker-gone": {
    title: "The worker that computes your interests has stopped.",
    remedy: RELOAD_PAGE_REMEDY,
  },
};

const UNEXPECTED_TEXT = { title: "Something went wrong.", remedy: RELOAD_PAGE_REMEDY };

/**
 * Shows the notice of an error: of the code with `codePrefix` (see NOTICE_TEXTS) if there is one,
 * else of the code itself. With `retry`, the notice has a button that calls it.
 */
export function showErrorNotice(error: unknown, retry?: () => void, codePrefix = ""): void {
  const code = isSageError(error) ? error.code : "unexpected";
  const message = error instanceof Error ? error.message : String(error);
  showNotice(
    `${codePrefix}${code}` in NOTICE_TEXTS ? `${codePrefix}${code}` : code,
    message,
    retry,
  );
}

/** Shows that a file of the user cannot be read; `error` has the reason. */
export function showFileNotice(error: unknown): void {
  showNotice("file", error instanceof Error ? error.message : String(error));
}

/**
 * Shows the notice of an error code, with `message` in its last line, unless it is shown already.
 */
export function showNotice(code: string, message: string, retry?: () => void): void {
  const notices = byId("notices");
  if (notices.querySelector(`[data-code="${CSS.escape(code)}"]`) !== null) return;
  const { title, remedy } = NOTICE_TEXTS[code] ?? UNEXPECTED_TEXT;
  const notice = createHtml(
    "div",
    { class: "notice", role: "alert", "data-code": code },
    createHtml("p", {}, createHtml("strong", {}, title), ` ${remedy}`),
    createHtml("p", { class: "muted" }, message),
    createIconButton("close", "Dismiss", () => notice.remove(), {
      label: "Dismiss this notice",
    }),
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

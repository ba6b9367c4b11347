/** Buttons that copy a text: the attribute `data-copy` has it. */
import { createIcon } from "./icons.js";

/** How long a button shows that it has copied. */
const CONFIRMATION_MS = 1600;

export function bindCopyButtons(root: ParentNode, announce: (text: string) => void): void {
  for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    button.append(createIcon("copy"));
    button.addEventListener("click", () => {
      const text = button.dataset.copy ?? "";
      void copyText(text).then((isCopied) => {
        if (isCopied) showConfirmation(button);
        announce(isCopied ? "Copied" : `Not copied: ${text}`);
      });
    });
  }
}

/** Whether the text was copied: browsers refuse it in insecure contexts and without focus. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function showConfirmation(button: HTMLButtonElement): void {
  const showIcon = (name: "copy" | "done"): void =>
    button.querySelector(".icon")?.replaceWith(createIcon(name));
  showIcon("done");
  setTimeout(() => showIcon("copy"), CONFIRMATION_MS);
}

/** Announces actions and their results to assistive technology. */
import { byId } from "./dom.js";

/**
 * The attribute `data-state` of the body is "working" while an action is pending, else "ready".
 * Only the latest action is announced, once it is done.
 */
export class ActionAnnouncer {
  readonly #describeResult: () => string;
  #latestText = "";
  #pendingActions = 0;

  /** `describeResult` returns the result of all actions so far as one phrase. */
  constructor(describeResult: () => string) {
    this.#describeResult = describeResult;
  }

  /** Announces `text` and the result once `action` is done, unless another one has begun. */
  announce(text: string, action: Promise<void>): void {
    const { dataset } = document.body;
    this.#latestText = text;
    this.#pendingActions += 1;
    dataset.state = "working";
    void action.then(() => {
      this.#pendingActions -= 1;
      if (this.#pendingActions === 0) dataset.state = "ready";
      if (this.#latestText !== text) return;
      byId("announcer").textContent = `${text}. ${this.#describeResult()}.`;
    });
  }
}

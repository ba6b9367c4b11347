/** The latest changes of the Sage: which can be taken back, and which are not stored yet. */
import { isSageError } from "pocketsage";

/** Maximum number of changes that can be taken back. */
const MAX_UNDO_STEPS = 50;

export class ChangeHistory {
  /** One function per change, newest last. Each takes its change back. */
  readonly #undos: (() => Promise<unknown>)[] = [];
  /** One promise per change that is not stored yet. */
  readonly #pendingStores = new Set<Promise<unknown>>();
  readonly #onError: (error: unknown) => void;

  /** `onError` is called with the error of each failed change. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get canUndo(): boolean {
    return this.#undos.length > 0;
  }

  /**
   * Adds a change that has begun. Rendering does not wait for it to be stored: the Sage applies a
   * change before storing it, and keeps it when storing fails.
   */
  add(change: Promise<unknown>, undo: () => Promise<unknown>): void {
    this.#undos.push(undo);
    if (this.#undos.length > MAX_UNDO_STEPS) this.#undos.shift();
    const stored = change.catch((error: unknown) => {
      // After a storage error the change is in effect and can be undone; after any other it is not.
      if (!isSageError(error) || error.code !== "storage")
        this.#undos.splice(this.#undos.indexOf(undo), 1);
      this.#onError(error);
    });
    this.#pendingStores.add(stored);
    void stored.then(() => this.#pendingStores.delete(stored));
  }

  /** Resolves when all changes so far are stored, or have failed. */
  stored(): Promise<unknown> {
    return Promise.all(this.#pendingStores);
  }

  /** Takes back the latest change, if there is one. */
  undo(): Promise<unknown> | undefined {
    return this.#undos.pop()?.();
  }

  /** Forgets all changes: none can be taken back. */
  clear(): void {
    this.#undos.length = 0;
  }
}

/** Progress on the standard error: a line that counts up on a terminal, elsewhere a line now and then once it takes long. */
import { count } from "./print.js";

const TERMINAL_MS = 100;
const LOG_MS = 5_000;

export interface Progress {
  /** So many are done. Cheap enough to be called for each. */
  at(done: number): void;
  /** Another kind of work begins. */
  say(what: string): void;
  /** How far that work is, from 0 to 1: shown with the time it may still take. */
  share(what: string, done: number): void;
  /** Leaves the terminal clean. */
  end(): void;
}

/** Counts `unit`s: "12,000 items read". */
export function openProgress(unit: string, { quiet }: { quiet: boolean }): Progress {
  const terminal = process.stderr.isTTY === true;
  let last = Date.now();
  let shown = 0;
  let work = { what: "", begun: 0 };
  const show = (text: string): void => {
    if (quiet) return;
    process.stderr.write(terminal ? `\r${text.padEnd(shown)}` : `${text}\n`);
    shown = text.length;
  };
  return {
    at(done) {
      if (done % 100 !== 0 || Date.now() - last < (terminal ? TERMINAL_MS : LOG_MS)) return;
      last = Date.now();
      show(`${count(done)} ${unit}`);
    },
    say(what) {
      if (terminal) show(what);
    },
    share(what, done) {
      const now = Date.now();
      if (work.what !== what) work = { what, begun: now };
      if (now - last < (terminal ? TERMINAL_MS : LOG_MS)) return;
      last = now;
      const left = done > 0 ? ((now - work.begun) * (1 - done)) / done / 1000 : NaN;
      show(
        `${what}: ${Math.floor(done * 100)} %${Number.isFinite(left) ? `, about ${Math.ceil(left)} s left` : ""}`,
      );
    },
    end() {
      if (terminal && shown > 0) process.stderr.write(`\r${" ".repeat(shown)}\r`);
    },
  };
}

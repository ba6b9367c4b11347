/**
 * Progress on the standard error: one updated line on a terminal; elsewhere a line every few
 * seconds.
 */
import { formatCount } from "./print.js";

/** Minimum time between two updates on a terminal, and elsewhere. */
const TERMINAL_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 5_000;
/** `count` reads the clock only at multiples of this number, because reading it is slow. */
const UNITS_PER_CLOCK_READ = 100;

export interface Progress {
  /** Reports the number of finished units. Cheap enough to be called for each unit. */
  count(done: number): void;
  /** Reports that a task of unknown length begins. Shown on terminals only. */
  begin(task: string): void;
  /** Reports the finished share of a task, from 0 to 1; shown with the estimated time left. */
  share(task: string, done: number): void;
  /** Clears the line on a terminal. */
  end(): void;
}

/** `unit` names what `count` counts, in the plural: "items read" gives "12,000 items read". */
export function openProgress(unit: string, { quiet }: { quiet: boolean }): Progress {
  // A log of CI and a dumb terminal would keep every updated line.
  const isTerminal =
    process.stderr.isTTY === true && process.env.TERM !== "dumb" && !process.env.CI;
  const interval = isTerminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS;
  let shownAt = Date.now();
  let shownLength = 0;
  let currentTask = { task: "", begunAt: 0 };
  const writeLine = (text: string): void => {
    if (quiet) return;
    process.stderr.write(isTerminal ? `\r${text.padEnd(shownLength)}` : `${text}\n`);
    shownLength = text.length;
  };
  return {
    count(done) {
      if (done % UNITS_PER_CLOCK_READ !== 0 || Date.now() - shownAt < interval) return;
      shownAt = Date.now();
      writeLine(`${formatCount(done)} ${unit}`);
    },
    begin(task) {
      if (isTerminal) writeLine(task);
    },
    share(task, done) {
      const now = Date.now();
      if (currentTask.task !== task) {
        currentTask = { task, begunAt: now };
        // The time left cannot be estimated yet.
        shownAt = now;
      }
      if (now - shownAt < interval) return;
      shownAt = now;
      const secondsLeft = ((now - currentTask.begunAt) * (1 - done)) / done / 1000;
      const estimate = done > 0 ? `, about ${Math.ceil(secondsLeft)} s left` : "";
      writeLine(`${task}: ${Math.floor(done * 100)} %${estimate}`);
    },
    end() {
      if (isTerminal && shownLength > 0) process.stderr.write(`\r${" ".repeat(shownLength)}\r`);
      shownLength = 0;
    },
  };
}

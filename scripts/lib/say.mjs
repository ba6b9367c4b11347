// What the scripts print: one tidy line a step, the time it took, and errors that say the way out.
const started = Date.now();

/** An error the reader can mend: printed without a stack. */
export class Remedy extends Error {}

/** One finished step: `  ok  name  detail  12.3 s`. Steps under a tenth of a second show no time. */
export function done(name, detail = "", seconds = 0) {
  line("ok", name, detail, seconds);
}

/** One failed step. */
export function failed(name, detail = "", seconds = 0) {
  line("FAIL", name, detail, seconds);
}

/** Says that a long step begins, so that nobody wonders what the silence is. */
export function begin(name, detail = "") {
  line("..", name, detail, 0);
}

export function title(text) {
  console.log(`\n${text}`);
}

/** Rows of cells as an aligned table; the first row is the head, numbers stand to the right. */
export function table(rows) {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => String(row[column]).length)),
  );
  const numeric = rows[0].map((_, column) =>
    rows.slice(1).every((row) => /^[-\d.,x ]*$/.test(String(row[column]))),
  );
  for (const row of rows) {
    const cells = row.map((cell, c) =>
      numeric[c] ? String(cell).padStart(widths[c]) : String(cell).padEnd(widths[c]),
    );
    console.log(`  ${cells.join("  ").trimEnd()}`);
  }
}

/** Runs a script's main function; a Remedy is printed plainly, anything else with its stack, and the exit code is 1. */
export async function script(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Remedy ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

export function elapsed() {
  return (Date.now() - started) / 1000;
}

function line(mark, name, detail, seconds) {
  const time = seconds >= 0.1 ? `${seconds.toFixed(1)} s` : "";
  console.log(
    `  ${mark.padEnd(4)}  ${name.padEnd(16)}  ${[detail, time].filter(Boolean).join("  ")}`.trimEnd(),
  );
}

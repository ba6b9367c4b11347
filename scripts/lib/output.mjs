// Output of the scripts: one aligned line per step with its duration, tables, and errors with a
// remedy.
const scriptStart = Date.now();

/**
 * An error that the user of a script can fix. Its message has the remedy and no stack is printed.
 */
export class Remedy extends Error {}

/** Prints a finished step: `  ok    name  detail  12.3 s`. Below 0.1 s, no duration. */
export function reportDone(name, detail = "", seconds = 0) {
  printStep("ok", name, detail, seconds);
}

/** Prints a failed step. */
export function reportFailure(name, detail = "", seconds = 0) {
  printStep("FAIL", name, detail, seconds);
}

/** Prints that a step begins which takes long and prints nothing meanwhile. */
export function reportStart(name, detail = "") {
  printStep("..", name, detail, 0);
}

export function printTitle(text) {
  console.log(`\n${text}`);
}

/** Prints rows as an aligned table. The first row is the head; numeric columns align right. */
export function printTable(rows) {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => String(row[column]).length)),
  );
  const isNumericColumn = rows[0].map((_, column) =>
    rows.slice(1).every((row) => /^[-\d.,x ]*$/.test(String(row[column]))),
  );
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      isNumericColumn[column]
        ? String(cell).padStart(widths[column])
        : String(cell).padEnd(widths[column]),
    );
    console.log(`  ${cells.join("  ").trimEnd()}`);
  }
}

/** Prints the table of test results and their total; the exit code is 1 if a test failed. */
export function printTestResults(rows, { passed, failed, skipped = 0 }) {
  printTable(rows);
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  if (failed > 0) process.exitCode = 1;
}

/**
 * Runs a script's main function. If it throws, the exit code is 1: a Remedy and an error of
 * `parseArgs` are printed as their message, any other error with its stack.
 */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    const isForUser = error instanceof Remedy || error.code?.startsWith("ERR_PARSE_ARGS");
    console.error(isForUser ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

export function secondsSinceStart() {
  return (Date.now() - scriptStart) / 1000;
}

function printStep(status, name, detail, seconds) {
  const time = seconds >= 0.1 ? `${seconds.toFixed(1)} s` : "";
  const details = [detail, time].filter(Boolean).join("  ");
  console.log(`  ${status.padEnd(4)}  ${name.padEnd(16)}  ${details}`.trimEnd());
}

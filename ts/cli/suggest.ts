/** The name that a misspelt option or command probably means. */

/** Maximum edit distance of a suggestion: two changed letters, or two swapped ones. */
const MAX_EDITS = 2;

/** `": did you mean NAME?"` for the nearest of `names`, or "" if none is near. */
export function suggest(word: string, names: readonly string[]): string {
  let nearest: string | undefined;
  // Half of the letters at most: otherwise short names resemble everything.
  let fewestEdits = Math.min(MAX_EDITS, Math.floor(word.replace(/^-+/, "").length / 2)) + 1;
  for (const name of names) {
    const edits = editDistance(word, name);
    if (edits < fewestEdits) [nearest, fewestEdits] = [name, edits];
  }
  return nearest === undefined ? "" : `: did you mean ${nearest}?`;
}

/** Levenshtein distance. O(a.length * b.length). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1)
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1),
        ),
      );
    previous = current;
  }
  return previous[b.length] ?? 0;
}

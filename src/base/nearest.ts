// "Did you mean …?": the known word that takes the fewest edits to reach from what was written.

/** Insertions, deletions and replacements of a letter, and swaps of two neighbours, that turn one word into the other. */
export const editDistance = (a: string, b: string): number => {
  // rows[i][j] is the distance between the first i letters of a and the first j of b (optimal string alignment).
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Infinity;
      rows[i]![j] = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, replaced, swapped);
    }
  }
  return rows[a.length]![b.length]!;
};

/** The nearest of the known words (the earlier one of two as near), or null when even that differs in half its letters. */
export const nearest = (word: string, known: readonly string[]): string | null => {
  let best: string | null = null;
  let fewest = Infinity;
  for (const candidate of known) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest && edits < Math.max(word.length, candidate.length) / 2) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
};

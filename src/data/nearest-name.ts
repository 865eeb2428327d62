// The name that a person probably meant.

/** Insertions, deletions and replacements of single characters that turn one word into the other (Levenshtein). */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
};

/** The name that takes the fewest edits from what was written, the first of several; undefined when there are no names. */
export const nearestName = (written: string, names: readonly string[]): string | undefined => {
  const word = written.toLowerCase();
  const ranked = names.map((name) => ({ name, distance: editDistance(word, name.toLowerCase()) }));
  return ranked.sort((a, b) => a.distance - b.distance)[0]?.name;
};

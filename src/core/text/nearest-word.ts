/** The candidate with the fewest changed letters; undefined if none has at most `most`. The first one wins a tie. */
export function nearestWord<Word extends string>(
  wanted: string,
  candidates: readonly Word[],
  most = Infinity,
): Word | undefined {
  let best: Word | undefined;
  let fewest = most;
  for (const candidate of candidates) {
    // Skips the comparison, which costs the product of both lengths: the difference in length is a lower bound of the changes.
    if (Math.abs(candidate.length - wanted.length) > fewest) continue;
    const changes = changedLetters(wanted, candidate);
    if (changes > fewest || (changes === fewest && best !== undefined)) continue;
    [best, fewest] = [candidate, changes];
  }
  return best;
}

/** The number of changed letters up to which a word counts as misspelt. */
export function likelyTypos(word: string): number {
  if (word.length <= 3) return 1;
  return word.length <= 6 ? 2 : 3;
}

/** The Levenshtein distance: inserted, removed and replaced letters. */
export function changedLetters(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [line, letter] of Array.from(left).entries()) {
    const next = [line + 1];
    for (const [column, other] of Array.from(right).entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

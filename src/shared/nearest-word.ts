import { distance } from 'fastest-levenshtein';

/** The candidate that needs the fewest changed letters; undefined if it needs more than `most`. The first one wins a tie. */
export function nearestWord<Word extends string>(
  wanted: string,
  candidates: readonly Word[],
  most = Infinity,
): Word | undefined {
  let best: Word | undefined;
  let fewest = most;
  for (const candidate of candidates) {
    // The difference in length alone costs as many changes, and a comparison takes the product of both lengths.
    if (Math.abs(candidate.length - wanted.length) > fewest) continue;
    const changes = distance(wanted, candidate);
    if (changes > fewest || (changes === fewest && best !== undefined)) continue;
    [best, fewest] = [candidate, changes];
  }
  return best;
}

/** The number of changed letters up to which a text looks like a misspelling of a word. */
export function likelyTypos(word: string): number {
  if (word.length <= 3) return 1;
  return word.length <= 6 ? 2 : 3;
}

import { SENSES } from './command-senses.ts';

/** Suggests commands for a word by its sense. @returns a line for each command, or undefined if the word is unknown. */
export function suggestBySense(word: string): string | undefined {
  const sense = SENSES.find(({ words }) => words.includes(word.toLowerCase()));
  if (sense === undefined) return undefined;
  const width = Math.max(...sense.instead.map(([line]) => line.length));
  return sense.instead.map(([line, does]) => `  ${line.padEnd(width)}  ${does}`).join('\n');
}

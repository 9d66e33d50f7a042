/** A word of a command line, as the shell would pass it. */
export interface ShellWord {
  /** Position in the line. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Position in the line of each character of `text`: quotes and backslashes of the line are not in `text`. */
  readonly places: readonly number[];
}

/** Splits a command line into words; operators (`|`, `;`, `&&`, `<<<`) are separate words. Runs in linear time with any quotes. */
export function shellWords(line: string): readonly ShellWord[] {
  const words: ShellWord[] = [];
  const lastQuote = { "'": line.lastIndexOf("'"), '"': line.lastIndexOf('"') };
  let at = 0;
  while (at < line.length) {
    const character = line[at] ?? '';
    if (/\s/.test(character)) at += 1;
    else if (/[|;&]/.test(character)) at = addOperator(line, at, words);
    else at = addWord(line, at, words, lastQuote);
  }
  return words;
}

function addOperator(line: string, start: number, words: ShellWord[]): number {
  let end = start;
  while (end < line.length && end < start + 2 && /[|;&]/.test(line[end] ?? '')) end += 1;
  words.push({ start, end, text: line.slice(start, end), places: [] });
  return end;
}

function addWord(line: string, start: number, words: ShellWord[], lastQuote: Readonly<Record<string, number>>): number {
  const places: number[] = [];
  let text = '';
  let at = start;
  let quote = '';
  for (; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (quote === '' && /[\s|;&]/.test(character)) break;
    if (character === quote) quote = '';
    else if (quote === '' && (character === "'" || character === '"') && (lastQuote[character] ?? -1) > at)
      quote = character;
    else {
      if (character === '\\' && quote !== "'" && at + 1 < line.length) at += 1;
      places.push(at);
      text += line[at] ?? '';
    }
  }
  words.push({ start, end: at, text, places });
  return at;
}

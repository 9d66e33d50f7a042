import { stripVTControlCharacters } from 'node:util';

/** Characters that terminals draw two columns wide: East Asian scripts and emoji. */
const WIDE = /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\u{1F300}-\u{1FAFF}]/u;

/** Columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** Breaks lines between words, and words that are too long by themselves where a path can be broken. Keeps the indentation. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => (widthOf(line) <= width ? line : wrapLine(line, width)))
    .join('\n');
}

/** As much of a line as fits into that many columns. One that is cut loses its colours. */
export function clip(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  const plain = stripVTControlCharacters(line);
  return plain.slice(0, width < 1 ? 0 : longestPrefix(plain, width));
}

function wrapLine(line: string, width: number): string {
  const indent = (/^ */.exec(line)?.[0] ?? '').slice(0, Math.floor(width / 2));
  const lines: string[] = [];
  let current = '';
  for (const word of line.trim().split(' ')) {
    const parts = breakWord(word, width - indent.length);
    for (const [index, part] of parts.entries()) {
      const glue = index === 0 && current !== '' ? ' ' : '';
      if (index === 0 && widthOf(current) + widthOf(glue) + widthOf(part) <= width - indent.length) {
        current += `${glue}${part}`;
      } else {
        lines.push(current);
        current = part;
      }
    }
  }
  lines.push(current);
  return lines.map((part) => `${indent}${part.trimEnd()}`).join('\n');
}

/** Pieces no wider than that, broken after a separator where there is one. */
function breakWord(word: string, width: number): readonly string[] {
  const parts: string[] = [];
  let rest = word;
  while (widthOf(rest) > width) {
    const end = longestPrefix(rest, width);
    const separator = Math.max(...['/', '\\', '-', ','].map((mark) => rest.lastIndexOf(mark, end - 1)));
    const cut = separator > 0 ? separator + 1 : end;
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return [...parts, rest];
}

/** How much of it fits, in UTF-16 units; at least one character, and never half of one. */
function longestPrefix(text: string, width: number): number {
  let length = 0;
  let columns = 0;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > width && length > 0) break;
    length += character.length;
  }
  return length;
}

import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/** Width of a text in terminal columns. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** Wraps long lines between words, and splits words that are too long. Keeps the indentation. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => (widthOf(line) <= width ? line : wrapLine(line, width)))
    .join('\n');
}

/** Cuts a line to `width` columns, and keeps the colors of what is left. */
export function clip(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let clipped = '';
  let columns = 0;
  for (const [position, part] of line.split(COLOR).entries()) {
    const isColor = position % 2 === 1;
    const text = isColor ? part : stripVTControlCharacters(part);
    const shown = isColor ? part : clipText(text, width - columns);
    clipped += shown;
    if (shown !== text) break;
    if (!isColor) columns += widthOf(shown);
  }
  return clipped.includes(ESCAPE) ? `${clipped}${ESCAPE}[0m` : clipped;
}

const ESCAPE = '\u001B';
// eslint-disable-next-line no-control-regex -- colors begin with a control character
const COLOR = /(\u001B\[[\d;]*m)/;

function clipText(text: string, width: number): string {
  let clipped = '';
  let columns = 0;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > width) break;
    clipped += character;
  }
  return clipped;
}

function wrapLine(line: string, width: number): string {
  const indent = (/^ */.exec(line)?.[0] ?? '').slice(0, Math.floor(width / 2));
  const text = line.trim();
  // wrap-ansi composes accents, so a path that is copied from its output can name another file.
  if (widthOf(text) <= width - indent.length) return `${indent}${text}`;
  return wrapAnsi(text, Math.max(1, width - indent.length), { hard: true })
    .split('\n')
    .map((part) => `${indent}${part.trimEnd()}`)
    .join('\n');
}

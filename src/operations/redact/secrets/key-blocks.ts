import { redactSpans, type Span } from './redacted.ts';

const BEGIN = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}(?:PRIVATE KEY(?: BLOCK)?|MESSAGE)-----/g;
const END = /-----END (?:[A-Z0-9]{1,20} ){0,4}(?:PRIVATE KEY(?: BLOCK)?|MESSAGE)-----/g;
/** Text between the lines of a key: a line end, possibly written as `\n` in JSON or a shell, with quotes and joining characters. */
const BREAK = /(?:\s|\\+[nrt]|["'`,+>|]){1,40}/y;
const LINE = /[A-Za-z0-9+/=]{1,200}/y;
const FIELD = /[A-Za-z][A-Za-z-]{1,40}: [^\n\\]{0,200}/y;
/** A line of a key is longer than any word. */
const WHOLE_LINE = 32;
const PUTTY = /\bPrivate-Lines: ?\d{1,4}\s{1,4}(?:[A-Za-z0-9+/=]{1,200}\s{1,4}){1,100}/g;
const PUTTY_CHECK = /\bPrivate-MAC: ?[a-f0-9]{16,128}/g;

/** Redacts private keys and encrypted messages in their file format, also with a beginning or end cut off. */
export function redactKeyBlocks(text: string): string {
  const isPutty = text.includes('Private-');
  const plain = isPutty
    ? text.replace(PUTTY, 'Private-Lines: [redacted]\n').replace(PUTTY_CHECK, 'Private-MAC: [redacted]')
    : text;
  return plain.includes('-----') ? redactSpans(plain, blocksOf(plain)) : plain;
}

function blocksOf(text: string): readonly Span[] {
  const begins = [...text.matchAll(BEGIN)];
  const ends = [...text.matchAll(END)];
  const spans: Span[] = [];
  let done = 0;
  let next = 0;
  for (const begin of begins) {
    for (; next < ends.length && (ends[next]?.index ?? 0) < begin.index; next += 1) {
      const cut = cutBeginning(text, done, ends[next]);
      if (cut !== undefined) spans.push(cut);
      done = Math.max(done, cut?.end ?? 0);
    }
    if (begin.index < done) continue;
    const end = ends[next];
    const span = { start: begin.index, end: end === undefined ? cutEnd(text, begin) : end.index + end[0].length };
    spans.push(span);
    done = span.end;
    if (end !== undefined) next += 1;
  }
  for (; next < ends.length; next += 1) {
    const cut = cutBeginning(text, done, ends[next]);
    if (cut !== undefined) spans.push(cut);
    done = Math.max(done, cut?.end ?? 0);
  }
  return spans;
}

/** The lines that look like part of a key, without prose after them. */
function cutEnd(text: string, { index, 0: { length } }: RegExpMatchArray & { readonly index: number }): number {
  let at = index + length;
  let end = at;
  for (;;) {
    const afterBreak = match(BREAK, text, at) ?? at;
    const afterField = match(FIELD, text, afterBreak);
    const afterLine = match(LINE, text, afterBreak);
    const next = afterField ?? afterLine;
    if (next === undefined) return end;
    const isShort = afterField === undefined && next - afterBreak < WHOLE_LINE;
    end = next;
    if (isShort) return end;
    at = next;
  }
}

/** From the end upwards, while lines look like part of a key. */
function cutBeginning(text: string, from: number, end: RegExpMatchArray | undefined): Span | undefined {
  if (end?.index === undefined) return undefined;
  let start = end.index;
  while (start > from) {
    let at = start;
    while (at > from && /[\s"'`,+>|]/.test(text[at - 1] ?? '')) at -= 1;
    if (at >= from + 2 && /\\[nr]/.test(text.slice(at - 2, at))) at -= 2;
    const lineEnd = at;
    while (at > from && lineEnd - at < 400 && /[A-Za-z0-9+/=]/.test(text[at - 1] ?? '')) at -= 1;
    // The `n` of a line end written as `\n` is not part of the key.
    if (at > from && text[at - 1] === '\\' && /[nr]/.test(text[at] ?? '')) at += 1;
    if (lineEnd - at < (start === end.index ? 1 : WHOLE_LINE)) break;
    start = at;
  }
  return { start, end: end.index + end[0].length };
}

function match(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

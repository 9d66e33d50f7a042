/** Replaces a secret. */
export const REDACTED = '[redacted]';

/** Part of a text, by character positions. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Replaces spans, given in order. A span that begins inside the previous one is skipped. */
export function redactSpans(text: string, spans: Iterable<Span>): string {
  let result = '';
  let done = 0;
  for (const { start, end } of spans) {
    if (start < done || end <= start) continue;
    result += text.slice(done, start) + REDACTED;
    done = end;
  }
  return done === 0 ? text : result + text.slice(done);
}

/** Removes the given characters from the end of a text. */
export function withoutTrailing(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

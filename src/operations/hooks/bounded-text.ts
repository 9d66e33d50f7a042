import { redactText } from '../redact/redact-secrets.ts';

/** An unbroken run of letters and digits this long is data, such as an image in base64, and no text. */
const DATA_RUN = /(?<![\w+/=-])[\w+/=-]{400,}/g;
/** More of these than one in ten: it is no text at all. Line ends and tabs do not count. */
// eslint-disable-next-line no-control-regex -- those are what is looked for
const NO_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/g;
const MOST_NO_TEXT = 0.1;
/** Half a character outside the basic plane, as a cut leaves. */
const HALF = /\p{Surrogate}/gu;
// eslint-disable-next-line no-control-regex -- those are what is looked for
const TERMINAL_CODES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** So much more than is kept is looked at for secrets: one that the end cuts in two would not be known for one. */
const LOOK_AHEAD = 2;

/**
 * Text as it may be remembered: at most `length` characters, without secrets, terminal codes, control characters and data in base64;
 * what was cut ends in `…`. Binary data becomes a word on how much there was.
 */
export function boundedText(text: string, length: number): string {
  const isLonger = text.length > length * LOOK_AHEAD;
  const looked = isLonger ? withoutLastWord(text.slice(0, length * LOOK_AHEAD)) : text;
  const plain = looked.replace(TERMINAL_CODES, '');
  if (isBinary(plain)) return `[binary, ${text.length} characters]`;
  const shown = redactText(plain.replace(DATA_RUN, '[data]')).replace(NO_TEXT, '\ufffd').replace(HALF, '\ufffd').trim();
  return isLonger || shown.length > length ? `${shown.slice(0, length - 1).replace(HALF, '')}…` : shown;
}

/** A longer word at the end of a cut text is kept in part. Characters. */
const LONGEST_CUT_WORD = 1_000;

/** The cut may have gone through a secret, which half of would not be recognized. */
function withoutLastWord(text: string): string {
  let end = text.length;
  while (end > 0 && text.length - end < LONGEST_CUT_WORD && /\S/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The same in one line. */
export function boundedLine(text: string, length: number): string {
  return boundedText(text.slice(0, length * LOOK_AHEAD * 2).replace(/\s+/g, ' '), length);
}

function isBinary(text: string): boolean {
  return (text.match(NO_TEXT)?.length ?? 0) > text.length * MOST_NO_TEXT;
}

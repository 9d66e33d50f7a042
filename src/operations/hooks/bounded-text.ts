import { redactText } from '../redact/redact-secrets.ts';

/** An unbroken run of letters and digits this long is data, such as an image in base64. */
const DATA_RUN = /(?<![\w+/=-])[\w+/=-]{400,}/g;
/** Control and replacement characters, without line ends and tabs. More than one in ten: the value is binary. */
// eslint-disable-next-line no-control-regex -- the pattern matches control characters on purpose
const NO_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/g;
const MOST_NO_TEXT = 0.1;
/** Half of a surrogate pair, left by a cut. */
const HALF = /\p{Surrogate}/gu;
// eslint-disable-next-line no-control-regex -- the pattern matches control characters on purpose
const TERMINAL_CODES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** The redaction sees this multiple of the kept length: a secret cut in two would not be recognized. */
const LOOK_AHEAD = 2;

/**
 * Makes text fit to be stored: at most `length` characters, without secrets, terminal codes, control characters and base64 data. Cut text
 * ends in `…`. Binary data becomes `[binary, N characters]`.
 */
export function boundedText(text: string, length: number): string {
  const isLonger = text.length > length * LOOK_AHEAD;
  const looked = wholeWords(text, length * LOOK_AHEAD);
  const plain = looked.replace(TERMINAL_CODES, '');
  if (isBinary(plain)) return `[binary, ${text.length} characters]`;
  const shown = redactText(plain.replace(DATA_RUN, '[data]')).replace(NO_TEXT, '\ufffd').replace(HALF, '\ufffd').trim();
  return isLonger || shown.length > length ? `${shown.slice(0, length - 1).replace(HALF, '')}…` : shown;
}

/** At most this many characters of the last word of a cut text are removed. */
const LONGEST_CUT_WORD = 1_000;

/** The beginning of a text, without the word that the cut may have split: half of a secret is not recognized. */
export function wholeWords(text: string, length: number): string {
  if (text.length <= length) return text;
  let end = length;
  while (end > 0 && length - end < LONGEST_CUT_WORD && /\S/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The same in one line. */
export function boundedLine(text: string, length: number): string {
  return boundedText(wholeWords(text, length * LOOK_AHEAD * 2).replace(/\s+/g, ' '), length);
}

function isBinary(text: string): boolean {
  return (text.match(NO_TEXT)?.length ?? 0) > text.length * MOST_NO_TEXT;
}

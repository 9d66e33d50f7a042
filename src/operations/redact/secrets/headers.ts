import { REDACTED, redactSpans, type Span } from './redacted.ts';
import { isMixed, isNoValue, isReference } from './secret-value.ts';

const AUTHORIZATION =
  /(["'`]?)\b(?:proxy-|x-forwarded-)?authorization\b(\\?["'`])?\s{0,5}(?:[:=]|=>|,)\s{0,5}(\\?["'`])?/gi;
const COOKIES =
  /(["'`]?)\b(?:set-)?cookies?(?:[_-]?(?:header|string|jar))?\b(\\?["'`])?\s{0,5}(?:[:=]|=>)\s{0,5}(\\?["'`])?/gi;
const COOKIE = /(?<=^|[;,]\s{0,5})([\w.%!#$&*+^`|~-]{1,200}=)("?[^;,"'\s]{4,4096})/g;
/** Attributes of a Set-Cookie header. */
const COOKIE_ATTRIBUTE = /^(?:path|domain|expires|max-age|samesite|priority|version|comment)=$/i;
/** A dictionary of cookies. */
const COOKIE_ENTRY = /(["'][\w.%-]{1,100}["']\s{0,3}(?::|=>)\s{0,3}["'])([^"'\n]{10,4096})(?=["'])/g;
/** Cookies with a preference of the user, not a session. */
const CHOICE =
  /^(?:theme|lang|language|locale|tz|timezone|currency|mode|view|consent|cookie_?consent|country|region|color-?scheme)=$/i;
const SCHEME = /^[A-Za-z][\w-]{1,30}\s{1,5}/;
/** Credentials outside a header, after a scheme name that no sentence continues like this. */
const SCHEME_ALONE =
  /\b(bearer|basic|negotiate|ntlm|token|apikey|genie-?key|ssws|hawk|digest)(\s{1,4}|%20|\s?["']\s{0,3}[.+]\s{0,3}["'])([\w.~+/-]{16,8192}={0,2}(?::(?!\/)[\w.~+/-]{1,400}={0,2})?)/gi;
const MOST_HEADER = 8_192;

/** Redacts the values of Authorization, Cookie and Set-Cookie headers in any notation. */
export function redactHeaders(text: string): string {
  const withoutSchemes = text.replace(SCHEME_ALONE, (found, scheme: string, blanks: string, value: string) =>
    /\d/.test(value) && !isPathLike(value) ? `${scheme}${blanks}${REDACTED}` : found,
  );
  const withoutCookies = /cookie/i.test(withoutSchemes)
    ? replaceValues(withoutSchemes, COOKIES, redactCookies)
    : withoutSchemes;
  return /authorization/i.test(withoutCookies)
    ? redactSpans(withoutCookies, authorizationsOf(withoutCookies))
    : withoutCookies;
}

/** Redacts the values of `a=1; b=2`. */
export function redactCookies(cookies: string): string {
  const plain = cookies.replace(COOKIE_ENTRY, (found, head: string, value: string) =>
    isMixed(value, 10) && !isReference(value) ? head + REDACTED : found,
  );
  return plain.replace(COOKIE, (found, name: string, value: string) =>
    COOKIE_ATTRIBUTE.test(name) || (CHOICE.test(name) && /^[A-Za-z_/-]{1,20}$/.test(value)) || isReference(value)
      ? found
      : `${name}${REDACTED}`,
  );
}

function isPathLike(value: string): boolean {
  return value.startsWith('/') || value.startsWith('./') || /^[a-z]+(?:[-/][a-z]+)+$/.test(value);
}

function replaceValues(text: string, header: RegExp, replace: (value: string) => string): string {
  let result = '';
  let done = 0;
  for (const found of text.matchAll(header)) {
    const value = headerValue(text, found);
    if (value.start < done) continue;
    result += text.slice(done, value.start) + replace(text.slice(value.start, value.end));
    done = value.end;
  }
  return result + text.slice(done);
}

function* authorizationsOf(text: string): Iterable<Span> {
  for (const found of text.matchAll(AUTHORIZATION)) {
    const { start, end } = headerValue(text, found);
    const value = text.slice(start, end);
    const scheme = SCHEME.exec(value)?.[0] ?? '';
    const credentials = value.slice(scheme.length);
    if (isCredentials(credentials, scheme !== ''))
      yield { start: start + scheme.length, end: start + value.trimEnd().length };
  }
}

/** Ends at the quote opened before the header or before its value, else at the end of the line. */
function headerValue(text: string, found: RegExpMatchArray): Span {
  const start = (found.index ?? 0) + found[0].length;
  const [, quoteBefore = '', quoteAfterName = '', ownQuote] = found;
  const quote = ownQuote ?? (quoteAfterName === '' ? quoteBefore : '');
  const limit = Math.min(text.length, start + MOST_HEADER);
  const line = text.slice(start, limit);
  const lineEnd = /[\r\n]|\\[rn]/.exec(line)?.index ?? line.length;
  const quoteEnd = quote === '' ? -1 : closingQuote(line, quote);
  const length = quoteEnd === -1 ? lineEnd : Math.min(quoteEnd, lineEnd);
  return { start, end: start + length };
}

/** An escaped quote closes only an escaped quote. */
function closingQuote(line: string, quote: string): number {
  let at = line.indexOf(quote);
  while (at > 0 && quote.length === 1 && line[at - 1] === '\\') at = line.indexOf(quote, at + 1);
  return at;
}

function isCredentials(text: string, hasScheme: boolean): boolean {
  const value = text.trim();
  if (value === '' || isReference(value) || isNoValue(value) || value.startsWith(REDACTED)) return false;
  // Code that puts the value together, or a sentence.
  if (/^["'`)+,]|\$\{|%s|%v|\{\{|(?<!=)["'`]\s{0,5}[+.]/.test(value) || /^[A-Za-z_]\w*[.([]/.test(value)) return false;
  const [first = ''] = value.split(/\s/, 1);
  return (
    /[\d=]/.test(first) ||
    first.length >= 20 ||
    (hasScheme && first.length >= 6 && first === value && /[^a-z]/.test(first))
  );
}

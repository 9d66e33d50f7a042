import { REDACTED, redactSpans, type Span } from './redacted.ts';
import { isNoValue, isReference } from './secret-value.ts';

/** Characters of credentials in front of a host. */
const AUTHORITY = /[^\s"'`<>\\]{1,1000}/y;
const ORACLE = /\b(jdbc:oracle:\w{1,10}:[\w$#]{1,60}\/)[^\s@"']{1,100}(?=@)/g;

/** `user:password@host` without a scheme. */
const SCHEMELESS =
  /((?<![\w/@:.-])[A-Za-z_][\w.-]{0,40}:)(?=[^\s@:/]{0,60}\d)(?=[^\s@:/]{0,60}[A-Za-z])([^\s@"'`<>:/]{6,100})(?=@(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|[A-Za-z][\w-]{0,60}(?:\.[A-Za-z][\w-]{0,60}){1,6}|[A-Za-z][\w-]{0,60}:\d{2,5}(?!\d))(?![\w(-]))/g;

/** Redacts user and password in URLs and connection strings. */
export function redactUrlCredentials(text: string): string {
  if (!text.includes('@')) return text;
  const withoutOracle = text.replace(ORACLE, `$1${REDACTED}`);
  const plain = redactSpans(withoutOracle, credentialsOf(withoutOracle));
  return plain.replace(SCHEMELESS, (found, user: string, password: string) =>
    isReference(password) || isNoValue(password) ? found : user + REDACTED,
  );
}

function* credentialsOf(text: string): Iterable<Span> {
  for (let at = text.indexOf('://'); at !== -1; at = text.indexOf('://', at + 3)) {
    const start = at + 3;
    AUTHORITY.lastIndex = start;
    const run = AUTHORITY.exec(text)?.[0] ?? '';
    const length = credentialsLength(run.includes('://') ? run.slice(0, run.indexOf('://')) : run);
    if (length > 0) yield { start, end: start + length };
  }
}

/** A password may contain `/`. A port followed by a path with `@` is not a password. */
function credentialsLength(run: string): number {
  const authority = /^[^/?#]*/.exec(run)?.[0] ?? '';
  const inAuthority = authority.lastIndexOf('@');
  if (inAuthority > 0) return isCredentials(run.slice(0, inAuthority)) ? inAuthority : 0;
  if (!/^[^:/?#]*:(?!\d{1,5}(?:[/?#]|$))/.test(authority)) return 0;
  const last = run.lastIndexOf('@');
  return last > 0 && /^@[\w[]/.test(run.slice(last)) && isCredentials(run.slice(0, last)) ? last : 0;
}

function isCredentials(userinfo: string): boolean {
  if (userinfo.startsWith(REDACTED)) return false;
  const colon = userinfo.indexOf(':');
  // A user name alone is not a secret, but a token in its position is.
  if (colon === -1) return userinfo.length >= 16 && /\d/.test(userinfo) && !isReference(userinfo);
  const password = userinfo.slice(colon + 1);
  return password !== '' && !isReference(password) && !isNoValue(password);
}

import { type Span, withoutTrailing } from './redacted.ts';
import { isMixed, isNameLike, isSecretValue, type Candidate } from './secret-value.ts';
import { entropyOf } from './vendor-secrets.ts';

/** Two words in which the first names the second. */
const SPACED =
  /(?:'s|(?:\s{1,3}(?:for|of|on|at|to)(?:\s{1,3}[\w@.'/-]{1,60}){1,6}?)?\s{1,3}(?:is|was|are|will be|(?:changed|reset|set) to):?|\s{1,3}\([^()\n]{1,40}\)\s{0,3}[:=]|\s{0,2}=|(?:\s{1,3}\d{1,2}|\s{1,3}(?:for|of|on)(?:\s{1,3}[\w@.'/-]{1,60}){1,4}?)\s{0,2}:)?[ \t]{1,3}(["'`]?)([^\s"'`]{6,200})\1/y;
const PROSE_NAME =
  /^(?:password|passwd|passphrase|passcode|pwd|pw|requirepass|masterauth|bindpw|rootpw|psk|pre-?shared-?key|secret|token|api-?key|key|credentials?)$/i;

/** `my password is hunter2`, `ENV API_TOKEN x`: the value is not a plain word. */
export function inProse(
  text: string,
  { name, strength }: Pick<Candidate, 'name' | 'strength'>,
  end: number,
): Span | undefined {
  const isSetting = (name === name.toUpperCase() && name.length > 4) || /^x-/i.test(name);
  SPACED.lastIndex = end;
  const found = SPACED.exec(text);
  if (found === null) return undefined;
  const [whole, quote = '', bare = ''] = found;
  // For other names, only the value of a directive: `set api_key "x"`.
  const isGiven = quote !== '' && strength !== 'key' && isMixed(bare, 20) && !isNameLike(bare);
  if (!PROSE_NAME.test(name) && !isSetting && !isGiven) return undefined;
  const value = quote === '' ? withoutTrailing(bare, '.,;:!?)') : bare;
  const isRandom =
    (isMixed(value, 32) && entropyOf(value) >= 4 && !isNameLike(value) && !/^\w{1,60}[.([]/.test(value)) ||
    (/\d/.test(value) &&
      /[A-Za-z]/.test(value) &&
      !/^(?:[\w.-]*\/|\w+[.([=]|\d(?!\w{23}|(?=\w{0,20}[A-Z])(?=\w{0,20}[a-z])\w{5})|https?:|[[({<])/.test(value));
  const isStated = /\b(?:is|was|to|are)\b/.test(whole.slice(0, whole.length - bare.length)) && !isNameLike(value);
  const isLong = value.length >= (strength === 'password' || strength === 'pass' ? 6 : isStated ? 8 : 16);
  if (!isRandom || !isLong || !isSecretValue({ name, strength, value, isQuoted: true, context: 'code' }))
    return undefined;
  const start = end + whole.length - bare.length - quote.length;
  return { start, end: start + value.length };
}

import { REDACTED } from './redacted.ts';
import { entropyOf } from './vendor-secrets.ts';
import type { NameStrength } from './secret-name.ts';

/** A possible secret, with its context. */
export interface Candidate {
  readonly name: string;
  readonly strength: NameStrength;
  readonly value: string;
  readonly isQuoted: boolean;
  /**
   * `env`: `NAME=value` as a shell or a file of settings has it, `line`: `name: value` alone on its line, `query`: in a URL, `code`: anywhere
   * else.
   */
  readonly context: 'env' | 'line' | 'query' | 'code';
}

/** Placeholders, types and descriptions of a value. */
const NO_VALUES = new Set(
  (
    'string str text number num int integer float bool boolean any unknown never void null none nil undefined nan true false bytes byte ' +
    'buffer object char varchar secretstr required optional invalid incorrect missing wrong expired empty hidden unset set disabled ' +
    'enabled ok reset changed updated input field prompt env ask vault keyring plain plaintext hashed encrypted auto generated yes no on ' +
    'off default same include omit password passwd pass pwd secret token key value name user username email login auth basic bearer ' +
    'credentials credential private public file stdin todo tbd redacted hidden masked type label placeholder self this new async await ' +
    'function return let const var data body params args options config request req res state props ctx event error message is or and ' +
    'the a an to of for in with must should can was were will has'
  ).split(' '),
);
const PLACEHOLDER =
  /^(?:<.*>|\[.*\]|\{.*\}|\(.*\)|your[-_ ].*|my[-_](?:secret|token|password|api)[-_a-z]*|example.*|placeholder.*|redacted.*|insert.*|enter[-_ ].*|replace.*|change[-_ ]?me|.*_here|(.)\1*|[x*.\u2022]+)$/i;
const REFERENCE =
  /^(?:\$|%[A-Za-z_(]|@\w+$|\{\{|\{%|<%|#\{|!(?:Ref|Sub|GetAtt|vault|reference)\b|process\.|os\.|env[.([]|import\.meta|ENV\[|getenv|secrets\.|vars?\.|local\.|data\.|op:\/\/|vault:|ssm:|arn:|file:|\/|\.{1,2}\/|~\/|https?:)/;
const TEMPLATE = /\$\{|\{\{|#\{|%s|%\(|\$\(|^\{[\w.]+\}$/;
/** `a.b`, `a(`, `a[`, `a?.b`: code that reads the value from elsewhere. */
const EXPRESSION = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$]|\?\.|\(|\[|::|->|<|\s)/;
/** `self.config[…`, `settings.KEY`: without a digit, also in a file of settings. */
const MEMBER = /^[A-Za-z_]{1,60}(?:\.[A-Za-z_]{1,60})*(?:\[|\.[A-Za-z_]{1,60}$)/;
/** Words and a hash: the name of a cache entry. */
const CACHE_KEY = /^[A-Za-z][a-z]*(?:-[A-Za-z\d.]{1,20}){0,6}-[0-9a-f]{7,}$/;
const VERSION = /^v?\d+(?:\.\d+){1,3}/;
/** A validation rule or a pattern instead of a value. */
const RULES = /^[a-z_]{2,30}(?::[\w,.]{1,40})?(?:\|[a-z_]{2,30}(?::[\w,.]{1,40})?){1,20}$/;
const PATTERN = /^(?:\(?\.[*+]|\(?\[\^|\(?\\[SwWd]|\(\.)/;
const DATE = /^\d{4}-\d\d-\d\d/;

/** Whether a word is a placeholder, a type or a description of a value. */
export function isNoValue(value: string): boolean {
  return NO_VALUES.has(value.toLowerCase()) || PLACEHOLDER.test(value.slice(0, 200));
}

export function isReference(value: string): boolean {
  return (REFERENCE.test(value) && !isBase64(value)) || TEMPLATE.test(value.slice(0, 1_000));
}

/** One of 64 such values begins with the slash of a path. */
function isBase64(value: string): boolean {
  return (
    /^\/[\w+/-]{24,400}={0,3}$/.test(value) && isMixed(value, 24) && /[A-Z]/.test(value) && entropyOf(value) >= 4.3
  );
}

/** Whether this is a secret itself, not its type, name, source or description. */
export function isSecretValue({ name, strength, value, isQuoted, context }: Candidate): boolean {
  if (value.length < 3 || value.startsWith(REDACTED) || PLACEHOLDER.test(value.slice(0, 200)) || isReference(value))
    return false;
  const lower = value.toLowerCase();
  if (NO_VALUES.has(lower) || lower === name.toLowerCase()) return false;
  if (/^[)\]},;]/.test(value) && !isMixed(value, 6)) return false;
  if (RULES.test(value) || PATTERN.test(value)) return false;
  if (/\s/.test(value)) return isPhrase(strength, value, context, name);
  if (!isQuoted && context !== 'env' && (EXPRESSION.test(value) || value.startsWith('&'))) return false;
  if (!isQuoted && (/^[A-Za-z_$][\w$.]*\(/.test(value) || MEMBER.test(value))) return false;
  switch (strength) {
    case 'password':
      return isPassword(value, isQuoted, context);
    case 'secret':
      return isSecret(value, isQuoted, context);
    case 'pass':
      return context !== 'code' || isQuoted
        ? isMixed(value, 6)
        : isMixed(value, 8) && /[A-Z]/.test(value) && /[a-z]/.test(value) && /^[\w!@#$%^&*+=~-]+$/.test(value);
    case 'token':
      return isMixed(value, context === 'query' ? 8 : 10) && !isNameLike(value);
    case 'key':
      return isMixed(value, 16) && !isNameLike(value) && !CACHE_KEY.test(value) && entropyOf(value) >= 3;
  }
}

function isPassword(value: string, isQuoted: boolean, context: Candidate['context']): boolean {
  if (/^\d+$/.test(value)) return context !== 'code' && value.length >= 4;
  if (isQuoted) return !/^[a-z]+(?:[-_ .][a-z]+)+$/i.test(value) || /\d/.test(value);
  if (/^[A-Za-z]+$/.test(value))
    return (
      context === 'env' ||
      context === 'query' ||
      (context === 'line' && /^[a-z]/.test(value)) ||
      (value.length >= 8 && !isNameLike(value))
    );
  if (/\d/.test(value)) return value.length >= 4;
  return context === 'env' || context === 'query' ? !/^[a-z]+_[a-z_]+$/.test(value) : /[!@#$%^&*]/.test(value);
}

function isSecret(value: string, isQuoted: boolean, context: Candidate['context']): boolean {
  if (isQuoted && /^[A-Za-z]{5,40}\d{2,4}$/.test(value)) return true;
  if (isMixed(value, 6)) return context === 'env' || !isNameLike(value) || value.length >= 20;
  if (/^\d+$/.test(value)) return value.length >= 8;
  if (value.length >= 24 && entropyOf(value) >= 3.5 && !isNameLike(value)) return true;
  return context === 'env' && !isQuoted && /^[a-z]{8,}$/.test(value);
}

/** Several words: a passphrase, or a sentence about one. */
function isPhrase(strength: NameStrength, value: string, context: Candidate['context'], name: string): boolean {
  if (
    value.length >= 20 &&
    value.length <= 200 &&
    isMixed(value, 20) &&
    !/(?:^|\s)[A-Za-z]{1,20}[.,:;!?]?(?:\s|$)/.test(value)
  )
    return entropyOf(value) >= 4.2;
  if (context === 'env' && /^\w{2,12} \S{24,2000}$/.test(value))
    return isMixed(value.slice(value.indexOf(' ') + 1), 24);
  if (strength !== 'password' || value.length > 200) return false;
  if (/phrase/i.test(name)) return !/[.?!:]$/.test(value);
  return context === 'env' && name === name.toUpperCase();
}

/** Letters and digits, so not a plain word. */
export function isMixed(value: string, length: number): boolean {
  return (
    value.length >= length && /\d/.test(value) && /[A-Za-z]/.test(value) && !DATE.test(value) && !VERSION.test(value)
  );
}

/** A path, an identifier, a version: words with few digits at their ends. */
export function isNameLike(value: string): boolean {
  if (/^[a-z]+:\/\//i.test(value) || value.includes('::')) return true;
  if (/^[\w.-]*(?:\/[\w.@-]+)+\.\w{1,5}(?::\d+)*$/.test(value)) return true;
  const words = value.split(/[-_.:/]+/);
  return words.every((word) => /^(?:[A-Za-z]?[a-z]*(?:[A-Z][a-z]+)*\d{0,2}|[A-Z]+\d{0,2}|v?\d{1,4})$/.test(word));
}

import { REDACTED } from './redacted.ts';
import { isNoValue, isReference } from './secret-value.ts';

/** The secret part of a word: the characters from `from` on. */
export interface SecretInWord {
  readonly word: number;
  readonly from: number;
}

/** The position of an option's secret: the whole value, or the part after a separator (`user:password`). */
export type Separator = '' | ':' | ',' | '%' | '/';

/** The secret of a word, which begins at `from` or after the separator there; empty if the word has no literal secret. */
export function part(
  words: readonly string[],
  word: number,
  from: number,
  separator: Separator,
): readonly SecretInWord[] {
  const value = (words[word] ?? '').slice(from);
  const inValue = separator === '' ? 0 : value.indexOf(separator) + 1;
  if (separator !== '' && inValue === 0) return [];
  const secret = value.slice(inValue);
  if (
    secret === '' ||
    (/^(?:user(?:name)?|login|name)$/i.test(value.slice(0, Math.max(0, inValue - 1))) && isNoValue(secret)) ||
    /^[<>]{1,3}$/.test(secret) ||
    isReference(secret) ||
    secret.startsWith(REDACTED) ||
    (inValue === 0 && secret.startsWith('-'))
  )
    return [];
  return [{ word, from: from + inValue }];
}

/** The last part of a path. */
export function basename(word = ''): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** Replaces a part that its writer marked as private. */
const PRIVATE = '[private]';

/** The tag in any case, with attributes and spaces, escaped as in JSON or HTML, and cut off at the end of the text. */
const TAG =
  /(?:<|&lt;|\\u003[cC]|\uff1c)\s{0,8}(?:(\/)\s{0,8})?private(?![\w-])[^<>]{0,400}?(?:>|&gt;|\\u003[eE]|\uff1e|$|(?=<))/gi;

/**
 * Redacts `<private>…</private>` with its tags. An unclosed part ends with the text, a nested one with the outermost. If the
 * beginning was cut off, everything before the closing tag is redacted.
 */
export function withoutPrivate(text: string): string {
  return withoutPrivateFrom(text, 0).text;
}

/** The same for all texts of a value: a part may begin in one field and end in a later one. Names of fields stay, except for private parts
 * of their own. */
export function withoutPrivateParts<Value>(value: Value): Value {
  let depth = 0;
  const clean = (part: unknown): unknown => {
    if (typeof part === 'string') {
      const cleaned = withoutPrivateFrom(part, depth);
      depth = cleaned.depth;
      return cleaned.text;
    }
    if (Array.isArray(part)) return part.map(clean);
    if (typeof part === 'object' && part !== null)
      return Object.fromEntries(Object.entries(part).map(([name, field]) => [withoutPrivate(name), clean(field)]));
    return depth > 0 && part !== null && part !== undefined ? PRIVATE : part;
  };
  return clean(value) as Value;
}

function withoutPrivateFrom(text: string, depthBefore: number): { readonly text: string; readonly depth: number } {
  if (depthBefore === 0 && !/private/i.test(text)) return { text, depth: 0 };
  let result = depthBefore > 0 ? PRIVATE : '';
  let depth = depthBefore;
  let done = 0;
  for (const found of text.matchAll(TAG)) {
    const isEnd = found[1] === '/';
    if (depth === 0) result = isEnd ? PRIVATE : `${result}${text.slice(done, found.index)}${PRIVATE}`;
    depth = Math.max(0, depth + (isEnd ? -1 : 1));
    done = found.index + found[0].length;
  }
  return { text: depth > 0 ? result : result + text.slice(done), depth };
}

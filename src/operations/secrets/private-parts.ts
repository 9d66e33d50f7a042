/** What stands in the place of a part that its writer marked as private. */
export const PRIVATE = '[private]';

/** In any case, with attributes, with blanks; also as JSON and HTML write it. */
const TAG = /(?:<|&lt;|\\u003[cC]|\uff1c)\s{0,8}(\/?)\s{0,8}private(?![\w-])[^<>&]{0,400}?(?:>|&gt;|\\u003[eE]|\uff1e|$)/gi;

/**
 * Takes out `<private>…</private>`, the tags included. What is not closed goes up to the end, what is nested goes with the outermost; where
 * only the end is left, because the beginning stands elsewhere or was cut off, all before it goes.
 */
export function withoutPrivate(text: string): string {
  if (!/private/i.test(text)) return text;
  let result = '';
  let depth = 0;
  let done = 0;
  for (const found of text.matchAll(TAG)) {
    const end = found.index + found[0].length;
    const isEnd = found[1] === '/';
    if (depth === 0) result = isEnd ? PRIVATE : `${result}${text.slice(done, found.index)}${PRIVATE}`;
    depth = Math.max(0, depth + (isEnd ? -1 : 1));
    done = end;
  }
  return depth > 0 ? result : result + text.slice(done);
}

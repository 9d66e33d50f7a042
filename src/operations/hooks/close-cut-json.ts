const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/**
 * Repairs a JSON document whose end was cut off: ends a cut text, drops an incomplete value, closes open lists and objects. The result of
 * any other input is not valid JSON.
 */
export function closeCutJson(text: string): string {
  const open: ('}' | ']')[] = [];
  // The text up to here is valid JSON once the open brackets are closed.
  let whole = 0;
  let isKey = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      const { end, lastWhole } = endOfString(text, at + 1);
      if (end === undefined) return isKey ? closed(text, whole, open) : `${closed(text, lastWhole, [])}"${ends(open)}`;
      at = end;
      if (!isKey) whole = at + 1;
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? '}' : ']');
      isKey = character === '{';
      whole = at + 1;
    } else if (character === '}' || character === ']') {
      open.pop();
      isKey = false;
      whole = at + 1;
    } else if (character === ',') {
      isKey = open.at(-1) === '}';
      whole = at;
    } else if (character === ':') isKey = false;
  }
  return open.length === 0 ? text : closed(text, whole, open);
}

function closed(text: string, end: number, open: readonly string[]): string {
  return text.slice(0, end) + ends(open);
}

function ends(open: readonly string[]): string {
  return [...open].reverse().join('');
}

/** Finds the closing quote. Without one, `lastWhole` is the end of the last complete character. */
function endOfString(text: string, start: number): { readonly end?: number; readonly lastWhole: number } {
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return { end: at, lastWhole: at };
    if (code !== BACKSLASH) continue;
    const length = text.charCodeAt(at + 1) === LETTER_U ? 6 : 2;
    if (at + length > text.length) return { lastWhole: at };
    at += length - 1;
  }
  return { lastWhole: text.length };
}

/** The optional text before a vendor's name, which has no meaning and costs fifty attempts at each character. */
const BEFORE_NAME = /^((?:\(\?i\))?)\[\\w\.-\]\{0,50\}\?(?:\(\?i:\[\\w\.-\]\{0,50\}\?)?/;
/** The end of most rules. A token also ends in a path, in brackets or before a comma. */
const TOKEN_ENDS = [
  '(?:[\\x60\'"\\s;]|\\\\[nr]|$|\\b)',
  '(?:[\\x60\'"\\s;]|\\\\[nr]|$)',
  '(?:$|[\\\\\'"\\x60\\s<),])',
  '(?:[^\\w-]|\\z)',
  '(?:[^a-zA-Z0-9+/]|\\z)',
];
const END = '(?![\\w-])';
/** The text after a vendor's name in the rules that need it. */
const OPERATOR = '(?:=|>|:{1,3}=|\\|\\||:|=>|\\?=|,)[\\x60\'"\\s=]{0,5}';
/** Limit for repetitions without a limit in the rule. */
const MOST_REPEATS = 200;

export interface LinearRegExp {
  readonly source: string;
  readonly flags: string;
  readonly isNamed: boolean;
}

/** Converts a regular expression of RE2, which always needs linear time, into one of JavaScript that does too. */
export function toLinearRegExp(regex: string): LinearRegExp {
  const isNamed = regex.includes(OPERATOR);
  const hasGroupAround = regex.includes('(?i:[\\w.-]{0,50}?');
  let source = regex.replace(BEFORE_NAME, hasGroupAround ? '(?i:' : '$1');
  for (const end of TOKEN_ENDS) source = source.replaceAll(end, END);
  const isCaseless = source.startsWith('(?i)') && !source.slice(4).includes('(?i') && !source.includes('(?-i');
  return { source: rewrite(isCaseless ? source.slice(4) : source), flags: isCaseless ? 'gi' : 'g', isNamed };
}

/** Expands flags within the expression, which JavaScript supports only since V8 12.5, and limits every repetition. */
function rewrite(regex: string): string {
  let result = '';
  const caseless = [false];
  let at = 0;
  const take = (length: number, text = regex.slice(at, at + length)): void => {
    result += text;
    at += length;
  };
  while (at < regex.length) {
    const rest = regex.slice(at);
    const isCaseless = caseless.at(-1) ?? false;
    const flags = /^\(\?(-?)i([:)])/.exec(rest);
    const open = /^\{(\d+),\}/.exec(rest);
    if (flags?.[2] === ')') {
      caseless[caseless.length - 1] = flags[1] === '';
      take(flags[0].length, '');
    } else if (flags !== null) {
      caseless.push(flags[1] === '');
      take(flags[0].length, '(?:');
    } else if (rest.startsWith('(?P<')) {
      caseless.push(isCaseless);
      take(4, '(?<');
    } else if (rest.startsWith('\\z')) take(2, '$');
    else if (rest.startsWith('\\')) take(2);
    else if (rest.startsWith('[')) {
      const length = classLength(rest);
      take(length, isCaseless ? eitherCase(rest.slice(0, length)) : undefined);
    } else if (rest.startsWith('(')) {
      caseless.push(isCaseless);
      take(/^\(\?[:=!]/.test(rest) ? 3 : 1);
    } else if (rest.startsWith(')')) {
      caseless.pop();
      take(1);
    } else if (open !== null) take(open[0].length, `{${open[1]},${Math.max(MOST_REPEATS, Number(open[1]) * 2)}}`);
    else if (rest.startsWith('+')) take(1, `{1,${MOST_REPEATS}}`);
    else if (rest.startsWith('*')) take(1, `{0,${MOST_REPEATS}}`);
    else if (isCaseless && /^[a-z]/i.test(rest)) take(1, eitherCase(`[${rest[0]}]`));
    else take(1);
  }
  return result;
}

function classLength(text: string): number {
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === ']' && at > 1) return at + 1;
  }
  throw new Error(`a class does not end: ${text}`);
}

function eitherCase(characters: string): string {
  const letters = characters.replace(/\\./g, '').match(/[a-z]-[a-z]|[A-Z]-[A-Z]|[a-z]/gi) ?? [];
  const others = letters.map((range) => (range === range.toLowerCase() ? range.toUpperCase() : range.toLowerCase()));
  return `${characters.slice(0, -1).replace(/(?<!\\)-$/, '\\-')}${[...new Set(others)].join('')}]`;
}

/** Characters that are invisible or change how others are displayed: controls, bidi marks, joiners, tags, fillers, variation selectors. */
const HIDDEN = String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]`;
/** Invisible characters that belong to a text: in an emoji, after one, and between letters of scripts that need them. */
const JOINED_EMOJI = String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})`;
const EMOJI_STYLE = String.raw`(?<=\p{Emoji})[\ufe0e\ufe0f]`;
const LETTERS = String.raw`[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Malayalam}\p{Script=Sinhala}]`;
const JOINED_LETTERS = String.raw`(?<=${LETTERS})[\u200c\u200d](?=${LETTERS})`;
const VISIBLE = `${JOINED_EMOJI}|${EMOJI_STYLE}|${JOINED_LETTERS}`;

/** Compiled on first use: Unicode tables take milliseconds, and most output is plain ASCII. */
const eachHidden = onFirstUse(`(${VISIBLE})|${HIDDEN}`);
const hiddenRun = onFirstUse(String.raw`(${VISIBLE})|(?:(?![\n\t])${HIDDEN})+`);

const REPLACEMENT = '\ufffd';

/** Names in angle brackets that are always code: HTML elements and types. */
const CODE = new Set(
  (
    'a article aside b blockquote body br button canvas code dd details div dl dt em fieldset footer form h1 h2 h3 h4 h5 h6 head header hr ' +
    'html i iframe img input label legend li link main meta nav ol option p path pre section select small span strong style sub summary ' +
    'sup svg table tbody td textarea tfoot th thead title tr u ul video any bigint boolean k key never null number object string t u8 u32 ' +
    'u64 undefined unknown v void'
  ).split(' '),
);
/** Text that a markup reader takes for a tag, also with spaces in it. Does not match `a < b`. */
const TAG =
  /[<\uff1c\ufe64](?=(\/?[A-Za-z][\w:.-]{0,80})|[!?|]|\s{0,8}\/\s{0,8}[A-Za-z]|\s{1,8}[A-Za-z][\w:.-]{0,80}\s{0,8}[>\uff1e\ufe65])/g;

/** Everything but printable ASCII. */
const UNUSUAL_IN_LINE = /[^ -~]/;
const UNUSUAL = /[^\t\n -~]/;

/** Replaces characters that are invisible or reorder others by `�`. For one line on a terminal or a page. */
export function printable(text: string): string {
  if (!UNUSUAL_IN_LINE.test(text)) return text;
  return text.replace(eachHidden(), (_, visible: string | undefined) => visible ?? REPLACEMENT);
}

/** Keeps colors (`ESC [ … m`), which the output itself adds. */
const hiddenButColors = onFirstUse(String.raw`(\u001b\[[0-9;]{0,20}m|${VISIBLE})|(?![\n\t])${HIDDEN}`);

/**
 * Writes hidden characters as `\uXXXX`, so that no terminal interprets them. Keeps line ends, tabs and colors. JSON keeps its value: there,
 * such characters occur in strings only.
 */
export function escapeHidden(output: string): string {
  if (!UNUSUAL.test(output)) return output;
  return output.replace(hiddenButColors(), (found, harmless: string | undefined) => harmless ?? escaped(found));
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }).join('');
}

/**
 * Makes foreign text safe for a model: without hidden characters, and without tags that could close or open one around it. Tags stay
 * legible (`‹system>`). HTML elements, comparisons, line ends and tabs are kept.
 */
export function harmlessText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(hiddenRun(), (_, visible: string | undefined) => visible ?? REPLACEMENT)
    .replace(TAG, (bracket, name: string | undefined) =>
      name !== undefined && CODE.has(name.replace('/', '').toLowerCase()) ? bracket : '‹',
    );
}

/** Applies `harmlessText` to every string of a JSON value. */
export function harmlessValue<Value>(value: Value): Value {
  const clean = (part: unknown): unknown => {
    if (typeof part === 'string') return harmlessText(part);
    if (Array.isArray(part)) return part.map(clean);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, field]) => [name, clean(field)]));
  };
  return clean(value) as Value;
}

function onFirstUse(source: string): () => RegExp {
  let pattern: RegExp | undefined;
  return () => (pattern ??= new RegExp(source, 'gu'));
}

import { redactForms, redactNestedElements } from './assignment-forms.ts';
import { inProse } from './prose-secrets.ts';
import { REDACTED, redactSpans, withoutTrailing, type Span } from './redacted.ts';
import { nameStrength } from './secret-name.ts';
import { isMixed, isNameLike, isSecretValue, type Candidate } from './secret-value.ts';

/** A name in any language. No two matches touch, so a text is scanned once. */
const NAMES = /[A-Za-z_$][\w$.-]*/g;
/** Between name and value: a closing quote or bracket of the name, a type, and the operator. */
const OPERATOR =
  /(\\{0,7}["'`])?\s{0,3}\]?\s{0,8}(?::\s{0,3}(?:str|string|String|Optional\[str\]|&str|&'static str)\s{1,3}=(?!=)|={1,3}>?|:=|\?=|\+=|=>|<-|:|>|,)[ \t]{0,20}(?:!!(?:str|binary)[ \t]{1,3})?/y;
const TYPE_BETWEEN = /^(?::\s{0,3}[\w.<>[\]]{1,40}\s{0,3})=(?=[ \t]{0,3}["'`\w])/;
/** `define('NAME', 'value')` and similar: the only calls in which a comma assigns. */
const ASSIGNING_CALL =
  /(?:define|fetch|get|get_env|getOrDefault|getProperty|config|setenv|putenv|setItem|setProperty|set|setdefault|env|var_os)\(\s{0,3}\\?["'`]$/;
const VALUE_ATTRIBUTE =
  /\\{0,7}["']?(?::\s{0,3}\{?)?[\s,;]{1,20}\\{0,7}["']?(?:value|default|plaintext)\\{0,7}["']?\s{0,3}[:=]\s{0,3}/iy;
/** `checksum/secret: …` */
const DIGEST = /(?:checksum|digest|hash|fingerprint|sha\d{0,3}|md5)[/_.-]$/i;
const QUOTE =
  /(?:\[\]byte\(|SecretStr\(|Buffer\.from\(|bytes\(|String::from\(|SecretString::from\(|Secret::new\()?[rbfu@]{0,2}("{3}|'{3}|\\{0,7}["'`])/y;
const BARE = /[^\s"'`<>]{1,400}/y;
const REST = /[^\s"'`<>]{0,8000}/y;
const LONGEST_QUOTED = 8_000;

/** Redacts values assigned to secret names, in code, settings, JSON, YAML, XML, URLs and prose. */
export function redactAssignments(text: string): string {
  const flat = redactNestedElements(redactForms(text));
  return redactSpans(flat, secretsOf(flat));
}

function* secretsOf(text: string): Iterable<Span> {
  let done = 0;
  for (const found of text.matchAll(NAMES)) {
    const start = found.index;
    if (start < done) continue;
    const name = withoutTrailing(found[0], '.-');
    const strength = nameStrength(name);
    const span =
      strength === undefined
        ? namedByAttribute(text, name, start)
        : (valueOf(text, { name, strength, start, end: start + name.length }) ??
          valueAttribute(text, { name, strength }, start + name.length) ??
          inProse(text, { name, strength }, start + name.length));
    if (span === undefined) continue;
    yield span;
    done = span.end;
  }
}

interface Named extends Span, Pick<Candidate, 'name' | 'strength'> {}

function valueOf(text: string, { name, strength, start, end }: Named): Span | undefined {
  OPERATOR.lastIndex = end;
  const operator = OPERATOR.exec(text);
  if (operator === null) return undefined;
  const before = text.slice(Math.max(0, start - 40), start);
  const sign = operator[0].trim().replace(/^\\{0,7}["'`]?\s{0,3}\]?\s{0,8}/, '');
  if (!isAssignment(sign, before, operator[1] !== undefined)) return undefined;
  if (DIGEST.test(before)) return undefined;
  const at = end + operator[0].length;
  const typed = TYPE_BETWEEN.exec(text.slice(end, end + 60));
  const from =
    typed === null || sign.startsWith('=') ? at : end + typed[0].length + blanks(text, end + typed[0].length);
  const quoted = quotedAt(text, from);
  if (quoted !== undefined) {
    const value = text.slice(quoted.start, quoted.end);
    // In a list, the value alone decides.
    if (sign.startsWith(',') && !ASSIGNING_CALL.test(before) && (!isMixed(value, 16) || isNameLike(value)))
      return undefined;
    const isSecret = isSecretValue({
      name,
      strength,
      value,
      isQuoted: true,
      context: contextOf(text, start, operator[0], from),
    });
    return isSecret ? quoted : undefined;
  }
  // `==` compares, and a comma lists.
  if (/^={2,3}$|^,/.test(sign)) return undefined;
  return bareAt(text, { name, strength, start, end: from }, operator[0], sign);
}

/** `>` assigns only in `<password>x` and `<entry key="password">x`, a comma only after a name in quotes. */
function isAssignment(sign: string, before: string, isQuotedName: boolean): boolean {
  if (sign.startsWith('>'))
    return /<(?:\w{1,20}:)?$/.test(before) || /<\w[^<>]{0,30}\s(?:key|name|id)=\\?["']$/.test(before);
  if (sign.startsWith(',')) return isQuotedName;
  return true;
}

function blanks(text: string, at: number): number {
  return /^\s{0,3}/.exec(text.slice(at, at + 3))?.[0].length ?? 0;
}

function quotedAt(text: string, at: number): Span | undefined {
  QUOTE.lastIndex = at;
  const found = QUOTE.exec(text);
  if (found === null) return undefined;
  const quote = found[1] ?? '';
  const start = at + found[0].length;
  const limit = Math.min(text.length, start + LONGEST_QUOTED);
  const end = closing(text, { start, end: limit }, quote);
  return { start, end };
}

/** The position of the closing quote, or the end of a line or of a cut text. */
function closing(text: string, { start, end }: Span, quote: string): number {
  for (let at = start; at < end; at += 1) {
    const character = text[at];
    if (character === '\n' && quote !== '`' && !isTriple(quote)) return at;
    if (!quote.startsWith('\\') && character === '\\') at += 1;
    else if (text.startsWith(quote, at)) return at;
  }
  return end;
}

/** The multi-line quotes of Python and TOML. */
function isTriple(quote: string): boolean {
  return quote === '"""' || quote === "'''";
}

function bareAt(text: string, { name, strength, start, end }: Named, operator: string, sign: string): Span | undefined {
  BARE.lastIndex = end;
  const found = BARE.exec(text)?.[0];
  if (found === undefined || found.startsWith(REDACTED)) return undefined;
  const context = contextOf(text, start, operator, end);
  const value = trimmed(found, context, sign);
  if (context === 'code' && /^(?:await|new|this|self|return|typeof|void|not|async)$/.test(value)) return undefined;
  const isArgument = context === 'env' && /^\w+[,)]/.test(found) && !/\d/.test(value);
  if (isArgument || !isSecretValue({ name, strength, value, isQuoted: false, context })) return undefined;
  if (found.length < 400) return { start: end, end: end + value.length };
  REST.lastIndex = end;
  return { start: end, end: end + (REST.exec(text)?.[0].length ?? 0) };
}

function trimmed(value: string, context: Candidate['context'], sign: string): string {
  if (context === 'query') return /^[^&#;,)\]}]*/.exec(value)?.[0] ?? '';
  // A template or expression is taken as a whole, so that it is recognized.
  if (sign.startsWith('>') || /^[{[(<]/.test(value)) return value;
  // In a connection string the next setting follows a semicolon.
  const first = /^[^;\\]*(?=;[A-Za-z ]+=|;|\\[nr"])/.exec(value)?.[0] ?? value;
  return withoutTrailing(first, ',;)]}');
}

function contextOf(text: string, start: number, operator: string, valueStart: number): Candidate['context'] {
  const before = text.slice(Math.max(0, start - 40), start);
  if (/[?&;]$|%26$/.test(before) && operator.startsWith('=')) return before.endsWith(';') ? 'env' : 'query';
  if (operator === '=' || (operator.startsWith('>') && before.endsWith('<')))
    return /[\w)]\.$/.test(before) ? 'code' : 'env';
  const isLineStart = /(?:^|\n|\\n)[\t\r >#|*-]{0,40}["'`]?$/.test(before) && (start <= 40 || /\n|\\n/.test(before));
  const rest = text.slice(valueStart, valueStart + 410);
  const isLineEnd = /^(?:"[^"\n]*"|'[^'\n]*'|[^\s"'`]+)[ \t]{0,20}(?:$|[\n#]|\\n)/.test(rest);
  return isLineStart && isLineEnd && /^["'`]?\s*[:=]\s/.test(operator) ? 'line' : 'code';
}

/** `key="ApiSecret" value="x"`, `{"name": "DB_PASSWORD", "value": "x"}`. */
function valueAttribute(text: string, named: Pick<Candidate, 'name' | 'strength'>, end: number): Span | undefined {
  VALUE_ATTRIBUTE.lastIndex = end;
  const found = VALUE_ATTRIBUTE.exec(text);
  if (found === null) return undefined;
  const at = end + found[0].length;
  const quoted = quotedAt(text, at);
  if (quoted === undefined) return bareAt(text, { ...named, start: end, end: at }, '=', ':');
  const value = text.slice(quoted.start, quoted.end);
  return isSecretValue({ ...named, value, isQuoted: true, context: 'code' }) ? quoted : undefined;
}

const NAMING =
  /^(?:sig|signature|x-amz-signature|x-amz-security-token|x-goog-signature|code|assertion|samlresponse|appid|ticket|hmac|sign)$/i;

/** Names that mean a signature in a URL only. */
function namedByAttribute(text: string, name: string, start: number): Span | undefined {
  if (!NAMING.test(name) || !/[?&]$/.test(text.slice(Math.max(0, start - 1), start))) return undefined;
  const end = start + name.length;
  if (text[end] !== '=') return undefined;
  BARE.lastIndex = end + 1;
  const value = /^[^&#;,)\]}]*/.exec(BARE.exec(text)?.[0] ?? '')?.[0] ?? '';
  return value.length >= 16 && !isPlain(value) ? { start: end + 1, end: end + 1 + value.length } : undefined;
}

function isPlain(value: string): boolean {
  return /^[a-z_-]+$/i.test(value) || value.startsWith('${');
}

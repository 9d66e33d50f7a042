import { REDACTED } from './redacted.ts';
import { nameStrength } from './secret-name.ts';
import { isNoValue, isSecretValue } from './secret-value.ts';

/** `auth=('bob', 'x')`. */
const LOGIN_PAIR =
  /(\b(?:basic_?)?auth\s{0,3}[=:]\s{0,3}[([]\s{0,3}["'][^"'\n]{1,100}["']\s{0,3},\s{0,3})(["'])([^"'\n]{3,400})\2(?=\s{0,3}[)\]])/gi;
/** `<Password>⏎<Value>x</Value>`, `<key>Password</key>⏎<string>x</string>`. */
const NESTED =
  /((?<![\w.-])([A-Za-z][\w.-]{1,60})(?:<\/(?:key|name|Name|Key)>|>)\s{0,40}<(?:value|Value|string|String)>)([^<\n]{3,400})(?=<)/g;
/** `<password encrypted="false">x</password>`. */
const WITH_ATTRIBUTES = /(<([A-Za-z][\w:.-]{1,60})\s[^<>]{1,200}>\s{0,20})([^<\s][^<\n]{2,400})(?=<\/)/g;
/** `<property name="password">x</property>`, `<setting name="ApiKey" …><value>x</value>`. */
const NAMED_ELEMENT =
  /((?:name|key|id)\s{0,2}=\s{0,2}["']([\w.-]{2,80})["'][^<>]{0,100}>\s{0,40}(?:<value>\s{0,40})?)([^<\s][^<\n]{2,400})(?=<)/gi;
/** `env.DB_PASSWORD || 'x'`, `${DB_PASSWORD:-x}`. */
const FALLBACK =
  /((?<![\w$.-])([A-Za-z_][\w.-]{1,60})["'`]?[\])]{0,2}(?:\s{0,3}(?:\|\||\?\?)=?\s{0,3}|\s{1,3}or\s{1,3}|\.unwrap_or(?:_else)?\((?:\|\|\s)?|:-(?=[^\s"'`}]{3}))(["'`]?))([^\s"'`}]{3,200})(?=["'`}])/g;
/** `password: env('X') || 'x'`. */
const FALLBACK_OF =
  /((?<![\w$.-])([A-Za-z_][\w.-]{1,60})["']?\s{0,3}[:=]\s{0,3}(?:<%=\s{0,3})?[\w.]{1,60}(?:[[(]["']\w{1,60}["'][\])])?\s{0,3}(?:\|\||\?\?|\bor\b)\s{0,3}["'`])([^\s"'`]{3,200})(?=["'`])/g;
/** `variable "password" { default = "x" }`. */
const VARIABLE =
  /(\bvariable\s{1,3}"([\w-]{2,60})"\s{0,3}\{[^{}]{0,300}?default\s{0,20}=\s{0,3}")([^"\n]{3,200})(?=")/g;
/** `INSERT INTO users (name, password) VALUES ('bob', 'x')`. */
const INSERT =
  /(\b(?:insert|replace)\s{1,3}into\s{1,3}\S{1,80}?\s{0,3}\()([^()]{1,400})(\)\s{0,3}values\s{0,3}\()([^()\n]{1,2000})/gi;
const SQL_VALUE = /'(?:[^'\n]|''){0,400}'|"[^"\n]{0,400}"|[^,'"]{1,400}/g;

/** Redacts the values of forms that name and value alone do not show: elements, defaults, SQL, pairs of user and password. */
export function redactForms(text: string): string {
  const plain = text.replace(LOGIN_PAIR, (found, ...[head, quote, value]: string[]) =>
    isNoValue(value ?? '') ? found : `${head}${quote}${REDACTED}${quote}`,
  );
  return plain
    .replace(INSERT, redactInsert)
    .replace(WITH_ATTRIBUTES, redactNested)
    .replace(NAMED_ELEMENT, redactNested)
    .replace(VARIABLE, redactNested)
    .replace(FALLBACK, (found, ...[head = '', name = '', quote = '', value = '']: string[]) =>
      quote === '' && !(head.endsWith(':-') && /\d/.test(value)) ? found : redactNested(found, head, name, value),
    )
    .replace(FALLBACK_OF, redactNested);
}

function redactInsert(_: string, ...[head = '', names = '', between = '', values = '']: string[]): string {
  const columns = names.split(',').map((name) => name.trim().replace(/["'`[\]]/g, ''));
  let column = 0;
  const redacted = values.replace(SQL_VALUE, (value: string) => {
    const name = columns[column] ?? '';
    if (!/^\s{0,400}$/.test(value)) column += 1;
    const isLiteral = /^["']/.test(value);
    return isLiteral && redactNested(value, '', name, value.slice(1, -1)) === REDACTED
      ? value.slice(0, 1) + REDACTED + value.slice(-1)
      : value;
  });
  return head + names + between + redacted;
}

/** Redacts elements in which a name element comes before a value element. */
export function redactNestedElements(text: string): string {
  return text.includes('><') || />\s/.test(text) ? text.replace(NESTED, redactNested) : text;
}

function redactNested(found: string, ...[head = '', name = '', value = '']: string[]): string {
  const strength = nameStrength(name);
  return strength !== undefined && isSecretValue({ name, strength, value, isQuoted: true, context: 'code' })
    ? head + REDACTED
    : found;
}

/** What stands in the place of a secret. */
const REDACTED = '[redacted]';

const NAME =
  '[\\w.-]*(?:token|secret|pass(?:wd|word|phrase|code)?|pwd|api[_-]?key|auth|credential|cookie|bearer|private)[\\w.-]*|[\\w.-]*[_-]key|key';
const VALUE = '"[^"]*"|\'[^\']*\'|\\S+';
/** What follows an option without being its value. */
const NO_VALUE = '--?[a-z]';

const OPTION = new RegExp(`^--?(?:${NAME})$`, 'i');
const ASSIGNED_ARGUMENT = new RegExp(`^((?:--?)?(?:${NAME})=)`, 'i');
const NEXT_OPTION = new RegExp(`^${NO_VALUE}`, 'i');
const OPTION_IN_TEXT = new RegExp(`((?<!\\S)--?(?:${NAME})\\s+)(?!${NO_VALUE})(?:${VALUE})`, 'gi');
const ASSIGNED_IN_TEXT = new RegExp(`((?<![\\w.-])(?:${NAME})["']?\\s*[=:]\\s*)(?:${VALUE})`, 'gi');
const AUTHORIZATION = /\b(bearer|basic)\s+[\w.~+/=-]+/gi;
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi;
/** What the keys of well-known services look like. */
const SHAPES =
  /\b(?:[srp]k-[\w-]{16,}|[srp]k_(?:live|test)_\w{8,}|gh[oprsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{8,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w-]{30,}|hf_\w{16,}|npm_\w{16,}|pypi-[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]+)?)/g;

/** A private key as files hold it; one that was cut ends with the text. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/** Takes secrets out of a text: a command line in one string, a line of a log, the content of a file. */
export function redactText(text: string): string {
  return text
    .replace(PRIVATE_KEY, REDACTED)
    .replace(AUTHORIZATION, `$1 ${REDACTED}`)
    .replace(OPTION_IN_TEXT, `$1${REDACTED}`)
    .replace(ASSIGNED_IN_TEXT, `$1${REDACTED}`)
    .replace(URL_CREDENTIALS, `$1${REDACTED}@`)
    .replace(SHAPES, REDACTED);
}

/** Takes secrets out of an argument list, where a value is an argument of its own and may hold blanks. */
export function redactArguments(argv: readonly string[]): readonly string[] {
  return argv.map((argument, index) => {
    if (OPTION.test(argv[index - 1] ?? '') && !NEXT_OPTION.test(argument)) return REDACTED;
    const assigned = ASSIGNED_ARGUMENT.exec(argument)?.[1];
    return assigned === undefined ? redactText(argument) : `${assigned}${REDACTED}`;
  });
}

/**
 * Takes secrets out of the text of a JSON file, by the names of its fields too; of a file that is no JSON, as of any text.
 * `startToken` is a start time, and judged by.
 */
export function redactJson(content: string, hide: (text: string) => string): string {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    // Torn, or of another format: read as a line of text.
    return redactText(hide(content));
  }
  return JSON.stringify(redactValue(value, hide));
}

const FIELD = new RegExp(`^(?:${NAME})$`, 'i');

/** Takes secrets out of every text in a JSON value, by the names of its fields too. */
export function redactValue(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === 'string') return redactText(hide(value));
  if (Array.isArray(value)) {
    const isArguments = value.every((item): item is string => typeof item === 'string');
    return isArguments ? redactArguments(value.map(hide)) : value.map((item) => redactValue(item, hide));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      const isSecret = FIELD.test(name) && name !== 'startToken' && (typeof field === 'string' || Array.isArray(field));
      return [hide(name), isSecret ? REDACTED : redactValue(field, hide)];
    }),
  );
}

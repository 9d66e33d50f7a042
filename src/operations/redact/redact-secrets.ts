import { redactAssignments } from './secrets/assignments.ts';
import { redactCallArguments } from './secrets/call-arguments.ts';
import { redactCommandLines } from './secrets/command-lines.ts';
import { commandSecrets } from './secrets/command-secrets.ts';
import { redactHeaders } from './secrets/headers.ts';
import { redactKeyBlocks } from './secrets/key-blocks.ts';
import { withoutPrivate } from './secrets/private-parts.ts';
import { REDACTED } from './secrets/redacted.ts';
import { nameStrength } from './secrets/secret-name.ts';
import { redactSentences } from './secrets/sentences.ts';
import { redactUrlCredentials } from './secrets/url-credentials.ts';
import { redactVendorSecrets } from './secrets/vendor-secrets.ts';

/** Each finds secrets by another sign, and leaves what an earlier one put in. Keys and headers go first, because they hold the others' signs. */
const REDACTIONS: readonly ((text: string) => string)[] = [
  withoutPrivate,
  redactKeyBlocks,
  redactHeaders,
  redactUrlCredentials,
  redactCommandLines,
  redactVendorSecrets,
  redactSentences,
  redactAssignments,
  redactCallArguments,
];

/**
 * Takes secrets out of a text: a command line in one string, a line of a log, the content of a file. Needs time in proportion to its
 * length, whatever it holds.
 */
export function redactText(text: string): string {
  return REDACTIONS.reduce((rest, redact) => redact(rest), text);
}

/** What follows an option without being its value. */
const NEXT_OPTION = /^--?[a-z]/i;

/** Takes secrets out of an argument list, where a value is an argument of its own and may hold blanks. */
export function redactArguments(argv: readonly string[]): readonly string[] {
  const byProgram = new Map(commandSecrets(argv).map(({ word, from }) => [word, from]));
  return argv.map((argument, index) => {
    const from = byProgram.get(index);
    if (from !== undefined) return argument.slice(0, from) + REDACTED;
    const before = argv[index - 1] ?? '';
    if (/^--?/.test(before) && isSecretName(before) && !NEXT_OPTION.test(argument)) return REDACTED;
    const name = /^(?:--?)?([\w.-]{1,200})=/.exec(argument);
    if (name?.[1] !== undefined && isSecretName(name[1])) return `${name[0]}${REDACTED}`;
    return redactText(argument);
  });
}

/** Of a field or an option: whatever its value looks like. */
function isSecretName(name: string): boolean {
  const strength = nameStrength(name);
  return (
    strength !== undefined &&
    !/(?:^|[-_])no-/.test(name) &&
    (strength !== 'key' || name === name.toUpperCase() || /^-*key$/.test(name))
  );
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

/** Takes secrets out of every text in a JSON value, by the names of its fields too. */
export function redactValue(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === 'string') return redactText(hide(value));
  if (Array.isArray(value)) {
    const isArguments = value.every((item): item is string => typeof item === 'string');
    return isArguments ? redactArguments(value.map(hide)) : value.map((item) => redactValue(item, hide));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      hide(name),
      isSecretField(name, field) ? REDACTED : redactValue(field, hide),
    ]),
  );
}

function isSecretField(name: string, field: unknown): boolean {
  return (typeof field === 'string' || Array.isArray(field)) && name !== 'startToken' && isSecretName(name);
}

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

/** Each rule finds secrets by another sign and keeps earlier replacements. Keys and headers come first, because they contain signs of other rules. */
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
 * Redacts secrets in a text: a command line in one string, a log line, the content of a file. Runs in linear time for any
 * content.
 */
export function redactText(text: string): string {
  return REDACTIONS.reduce((rest, redact) => redact(rest), text);
}

/** Words after an option that are not its value. */
const NEXT_OPTION = /^--?[a-z]/i;

/** Redacts secrets in an argument list. A value can be a separate argument, with spaces. */
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

/** Whether the name of a field or option makes any value a secret. */
function isSecretName(name: string): boolean {
  const strength = nameStrength(name);
  return (
    strength !== undefined &&
    !/(?:^|[-_])no-/.test(name) &&
    (strength !== 'key' || name === name.toUpperCase() || /^-*key$/.test(name))
  );
}

/**
 * Redacts secrets in the text of a JSON file, also by field names. A file that is not JSON is redacted as text.
 * Keeps `startToken`: it is a start time that verdicts need.
 */
export function redactJson(content: string, hide: (text: string) => string): string {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    // A torn file, or another format: redacted as text.
    return redactText(hide(content));
  }
  return JSON.stringify(redactValue(value, hide));
}

/** Redacts secrets in every string of a JSON value, also by field names. */
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

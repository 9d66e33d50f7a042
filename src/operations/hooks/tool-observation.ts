import { withoutTrailingSeparators } from '../../core/process/path.ts';
import { redactValue } from '../redact/redact-secrets.ts';
import { withoutPrivateParts } from '../redact/secrets/private-parts.ts';
import { boundedLine, boundedText, wholeWords } from './bounded-text.ts';
import { FAILURE_EVENT, type ToolObservation } from './hook-event.ts';
import type { HookPayload } from './hook-payload.ts';
import { commitSubjects } from '../../core/memory/commit-outcome.ts';
import { commitTitle, testTitle } from '../../core/memory/step-title.ts';
import { testOutcome } from '../../core/memory/test-outcome.ts';
import { isObject } from '../../core/is-object.ts';

/** Characters. */
const LONGEST_TITLE = 160;
/** The command and the first failure in the title of a test run. */
const LONGEST_TESTED = 70;
const LONGEST_FAILURE = 70;
const LONGEST_INPUT = 1_500;
const LONGEST_RESPONSE = 2_500;
const LONGEST_FILE = 500;
const MOST_FILES = 20;
/** Characters of a value that are turned into text, so that a large value costs little. */
const LOOKED_AT = 4_000;

/** The observation type of each tool. All others: `tool`. */
const TYPES: Readonly<Record<string, string | undefined>> = {
  Edit: 'change',
  MultiEdit: 'change',
  Write: 'change',
  NotebookEdit: 'change',
  Read: 'read',
  NotebookRead: 'read',
  Glob: 'read',
  Grep: 'read',
  LS: 'read',
  Bash: 'command',
  BashOutput: 'command',
  WebFetch: 'research',
  WebSearch: 'research',
  Task: 'task',
  Agent: 'task',
};

/** Input fields that describe the tool use in a few words. The title shows the first one present. */
const SUMMARY_FIELDS = [
  'file_path',
  'notebook_path',
  'command',
  'pattern',
  'query',
  'url',
  'description',
  'path',
  'prompt',
];
const FILE_FIELDS = ['file_path', 'notebook_path'];

type Fields = Readonly<Record<string, unknown>>;

/** Builds the observation of a tool use from its name, its input and the beginning of its answer. Uses no model. */
export function observationOf({ toolName = 'a tool', cwd, event, ...payload }: HookPayload): ToolObservation {
  const toolInput = withoutPrivateParts(payload.toolInput);
  const toolResponse = withoutPrivateParts(payload.toolResponse);
  const input = isObject(toolInput) ? toolInput : {};
  const files = FILE_FIELDS.map((field) => input[field]).filter((file) => typeof file === 'string');
  const summary = SUMMARY_FIELDS.map((field) => input[field]).find(
    (value) => typeof value === 'string' && value !== '',
  );
  const what = typeof summary === 'string' ? relative(summary, cwd) : '';
  const type = TYPES[toolName] ?? 'tool';
  // The answer of a change only repeats its input.
  const answer = type === 'change' ? '' : boundedText(textOf(toolResponse), LONGEST_RESPONSE);
  const hasFailed = event === FAILURE_EVENT;
  const plainTitle = `${hasFailed ? 'Failed: ' : ''}${what === '' ? toolName : `${toolName} ${what}`}`;
  const outcome = type === 'command' ? outcomeOf(input.command, toolResponse, hasFailed) : undefined;
  return {
    type: outcome?.type ?? type,
    title: boundedLine(outcome?.title ?? plainTitle, LONGEST_TITLE),
    text: [boundedText(inputText(toolInput), LONGEST_INPUT), answer].filter((part) => part !== '').join('\n\n'),
    files: files.slice(0, MOST_FILES).map((file) => boundedLine(relative(file, cwd), LONGEST_FILE)),
  };
}

/** The title of a shell command that committed or ran tests: more telling than the command itself. */
function outcomeOf(
  command: unknown,
  response: unknown,
  hasFailed: boolean,
): { readonly type: string; readonly title: string } | undefined {
  if (typeof command !== 'string') return undefined;
  const output = outputOf(response);
  const subjects = commitSubjects(command, output);
  if (subjects.length > 0) return { type: 'commit', title: commitTitle(subjects) };
  const tests = testOutcome(command, output, hasFailed);
  if (tests === undefined) return undefined;
  const { command: tested, failure } = tests;
  // Redacted before it is cut: half of a secret is not recognized.
  const title = testTitle({
    ...tests,
    command: boundedLine(tested, LONGEST_TESTED),
    failure: failure === undefined ? undefined : boundedLine(failure, LONGEST_FAILURE),
  });
  return { type: 'test', title };
}

/** Standard error last, as `textOf` shows it. Not cut: the outcome is at the end. */
function outputOf(response: unknown): string {
  return typeof response === 'string' || isObject(response) ? textOf(response) : '';
}

/** Removes the session's folder from a path: shorter to read, and valid on another machine. */
function relative(path: string, cwd: string): string {
  const folder = withoutTrailingSeparators(cwd);
  return folder !== '' && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

/** One field per line; a shell command after `$ `. */
function inputText(input: unknown): string {
  if (!isObject(input)) return textOf(input);
  return Object.entries(redacted(input) as Fields)
    .map(([name, value]) => (name === 'command' ? `$ ${textOf(value)}` : `${name}: ${textOf(value)}`))
    .join('\n');
}

/** The text of a value: the text blocks of MCP content, the outputs of a shell, else JSON. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every(isObject)) return wholeWords(value.map(blockText).join('\n'), LOOKED_AT);
  if (isObject(value)) return fieldsText(value);
  return wholeWords(JSON.stringify(value), LOOKED_AT);
}

function fieldsText(fields: Fields): string {
  const { stdout, stderr, content, file } = fields;
  if (typeof stdout === 'string')
    return [stdout, stderr]
      .filter((text) => typeof text === 'string')
      .join('\n')
      .trim();
  if (Array.isArray(content) && content.every(isObject)) return textOf(content);
  if (isObject(file) && typeof file.content === 'string') return file.content;
  return wholeWords(JSON.stringify(redacted(fields)), LOOKED_AT);
}

function blockText(block: Fields): string {
  if (typeof block.text === 'string') return block.text;
  // Image data is not readable text.
  if (block.type === 'image' || block.type === 'audio') return `[${block.type}]`;
  return wholeWords(JSON.stringify(redacted(block)), LOOKED_AT);
}

/** Redacts by field names too, which plain text lacks. */
function redacted(value: unknown): unknown {
  return redactValue(value, (text) => text);
}

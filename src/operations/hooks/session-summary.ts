import { subjectInTitle, testedCommand } from '../../core/memory/step-title.ts';
import { boundedLine, boundedText } from './bounded-text.ts';

/** Characters. */
const LONGEST_SUMMARY = 3_000;
const LONGEST_PROMPT = 200;
const LONGEST_ANSWER = 800;
const LONGEST_EARLIER = 240;
const LONGEST_TITLE = 160;
/** The first prompts give the purpose of a session, the last ones its outcome. */
const FIRST_PROMPTS = 2;
const LAST_PROMPTS = 3;
const MOST_FILES = 15;
/** The latest ones. */
const MOST_COMMITS = 6;
const MOST_TESTS = 4;

export interface SessionWork {
  /** In order. */
  readonly prompts: readonly string[];
  /** The last text of the assistant in each of the latest turns, newest first. */
  readonly answers?: readonly string[];
  /** In order. */
  readonly observations: readonly {
    readonly type: string;
    readonly title: string;
    readonly files: readonly string[];
  }[];
}

/**
 * Summarizes a session in a few lines: its prompts, the assistant's last texts, commits, the last result of each test command, and the
 * changed files; the read files if it changed none. Empty for an empty session.
 */
export function summarizeSession({ prompts, answers = [], observations }: SessionWork): string {
  const changed = filesOf(observations, true);
  const lines = [
    ...shownPrompts(prompts).map((prompt) => `Asked: ${prompt}`),
    ...answers.slice(0, 1).map((answer) => `Result: ${boundedLine(answer, LONGEST_ANSWER)}`),
    ...answers.slice(1).map((answer) => `Earlier result: ${boundedLine(answer, LONGEST_EARLIER)}`),
    ...commitsOf(observations).map((subject) => `Commit: ${subject}`),
    ...testsOf(observations),
    ...listed('Changed', changed),
    ...(changed.length === 0 ? listed('Read', filesOf(observations, false)) : []),
  ];
  return boundedText(lines.join('\n'), LONGEST_SUMMARY);
}

function shownPrompts(prompts: readonly string[]): readonly string[] {
  const skipped = prompts.length - FIRST_PROMPTS - LAST_PROMPTS;
  const lines = prompts.map((prompt) => boundedLine(prompt, LONGEST_PROMPT));
  if (skipped <= 0) return lines;
  return [...lines.slice(0, FIRST_PROMPTS), `(${skipped} more)`, ...lines.slice(-LAST_PROMPTS)];
}

/** An amended commit has the subject of the one it replaces. */
function commitsOf(observations: SessionWork['observations']): readonly string[] {
  const titles = observations.filter(({ type }) => type === 'commit').map(({ title }) => title);
  return latest(titles.map((title) => boundedLine(subjectInTitle(title), LONGEST_TITLE))).slice(-MOST_COMMITS);
}

function testsOf(observations: SessionWork['observations']): readonly string[] {
  const titles = observations.filter(({ type }) => type === 'test').map(({ title }) => title);
  const last = new Map(titles.map((title) => [testedCommand(title), title]));
  return latest(titles)
    .filter((title) => last.get(testedCommand(title)) === title)
    .map((title) => boundedLine(title, LONGEST_TITLE))
    .slice(-MOST_TESTS);
}

/** Each text once, where it occurs last. */
function latest(texts: readonly string[]): readonly string[] {
  return texts.filter((text, index) => texts.lastIndexOf(text) === index);
}

function filesOf(observations: SessionWork['observations'], isChange: boolean): readonly string[] {
  const wanted = observations.filter(({ type }) => (type === 'change') === isChange);
  return [...new Set(wanted.flatMap(({ files }) => files))];
}

/** Lists the latest files: the next session is most likely to need them. */
function listed(title: string, files: readonly string[]): readonly string[] {
  if (files.length === 0) return [];
  const more = files.length > MOST_FILES ? ` and ${files.length - MOST_FILES} more` : '';
  return [`${title}: ${files.slice(-MOST_FILES).join(', ')}${more}`];
}

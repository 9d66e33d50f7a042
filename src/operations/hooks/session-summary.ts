import { boundedLine, boundedText } from './bounded-text.ts';

/** Characters. */
const LONGEST_SUMMARY = 2_000;
const LONGEST_PROMPT = 200;
/** The first prompts give the purpose of a session, the last ones its outcome. */
const FIRST_PROMPTS = 2;
const LAST_PROMPTS = 4;
const MOST_FILES = 15;

export interface SessionWork {
  /** In order. */
  readonly prompts: readonly string[];
  /** In order. */
  readonly observations: readonly { readonly type: string; readonly files: readonly string[] }[];
}

/** Summarizes a session in a few lines: its prompts, and the files it changed and read. Empty for an empty session. */
export function summarizeSession({ prompts, observations }: SessionWork): string {
  const changed = filesOf(observations, true);
  const read = filesOf(observations, false).filter((file) => !changed.includes(file));
  const lines = [
    ...shownPrompts(prompts).map((prompt) => `Asked: ${prompt}`),
    ...listed('Changed', changed),
    ...listed('Read', read),
  ];
  return boundedText(lines.join('\n'), LONGEST_SUMMARY);
}

function shownPrompts(prompts: readonly string[]): readonly string[] {
  const skipped = prompts.length - FIRST_PROMPTS - LAST_PROMPTS;
  const lines = prompts.map((prompt) => boundedLine(prompt, LONGEST_PROMPT));
  if (skipped <= 0) return lines;
  return [...lines.slice(0, FIRST_PROMPTS), `(${skipped} more)`, ...lines.slice(-LAST_PROMPTS)];
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

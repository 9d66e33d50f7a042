import { shellWords, type ShellWord } from '../text/shell-words.ts';

/** One program call of a shell line. */
export interface SimpleCommand {
  /** The program and its arguments, without assignments and without programs such as `env` that only run another one. */
  readonly words: readonly string[];
  /** These words as they were typed. */
  readonly text: string;
}

/** Longer lines contain data, such as a file between two markers. Characters. */
const LONGEST_LINE = 16_384;
const OPERATOR = /^[|;&]+$/;
const ASSIGNMENT = /^[A-Za-z_]\w{0,80}=/;
const RUNNERS: ReadonlySet<string> = new Set([
  ...[
    'sudo',
    'env',
    'time',
    'nice',
    'nohup',
    'command',
    'exec',
    'xvfb-run',
    'stdbuf',
    'npx',
    'bunx',
    'pnpx',
    'timeout',
  ],
  ...['(', '{', 'do', 'then', 'else', 'if', 'while', '!'],
]);
/** Two words that run the rest: `uv run pytest`. */
const RUNNERS_OF_TWO: Readonly<Record<string, readonly string[] | undefined>> = {
  ...{ uv: ['run'], poetry: ['run'], pipenv: ['run'], hatch: ['run'], pdm: ['run'], bundle: ['exec'] },
  ...{ npm: ['exec', 'x'], pnpm: ['exec', 'dlx'], yarn: ['exec', 'dlx'], bun: ['x'], dotenv: ['--'] },
};

/** Splits a shell line at its operators and line ends. Drops redirections such as `2>&1`, whose `&` is no operator. */
export function simpleCommands(line: string): readonly SimpleCommand[] {
  const typed = line.slice(0, LONGEST_LINE).replace(/\s\d{0,2}>&\d/g, ' ');
  const commands: ShellWord[][] = [[]];
  let end = 0;
  for (const word of shellWords(typed)) {
    const isOperator = OPERATOR.test(word.text) && word.places.length === 0;
    if (isOperator || typed.slice(end, word.start).includes('\n')) commands.push([]);
    if (!isOperator) commands.at(-1)?.push(word);
    end = word.end;
  }
  return commands.map((words) => withoutRunners(words)).flatMap((words) => toCommand(typed, words));
}

function toCommand(line: string, words: readonly ShellWord[]): readonly SimpleCommand[] {
  const [first, last] = [words[0], words.at(-1)];
  if (first === undefined || last === undefined) return [];
  return [{ words: words.map(({ text }) => text), text: line.slice(first.start, last.end) }];
}

function withoutRunners(words: readonly ShellWord[]): readonly ShellWord[] {
  const textAt = (index: number): string => words[index]?.text ?? '';
  let at = 0;
  for (;;) {
    const name = textAt(at);
    if (ASSIGNMENT.test(name)) at += 1;
    else if (RUNNERS_OF_TWO[name]?.includes(textAt(at + 1)) === true) at += 2;
    else if (RUNNERS.has(name)) {
      at += 1;
      while (textAt(at).startsWith('-') || /^\d{1,6}[smhd]?$/.test(textAt(at))) at += 1;
    } else return words.slice(at);
  }
}

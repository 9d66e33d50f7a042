import type { Output } from './output.ts';

export type Answer = 'yes' | 'no' | 'interrupted';

/** As `node:readline` reports it. */
interface Key {
  readonly ctrl?: boolean;
  readonly name?: string;
}

/**
 * Asks a question in the terminal. The default is no; Escape means no.
 * @param interrupted ends the question and restores the terminal.
 */
export async function ask(message: string, output: Output, interrupted?: AbortSignal): Promise<Answer> {
  const isInterrupted = () => interrupted?.aborted ?? false;
  const isOnStderr = process.stderr.isTTY;
  const keys: Key[] = [];
  const noteKey = (_text: string, key: Key) => keys.push(key);
  const restoreColors = setColors(isOnStderr ? output.hasErrorColor : output.hasColor);
  try {
    const { confirm, isCancel } = await import('@clack/prompts');
    if (isInterrupted()) return 'interrupted';
    // The prompt does not distinguish Ctrl-C from Escape.
    process.stdin.on('keypress', noteKey);
    const answer = await confirm({
      message,
      initialValue: false,
      ...(interrupted === undefined ? {} : { signal: interrupted }),
      ...(isOnStderr ? { output: process.stderr } : {}),
    });
    const isCtrlC = keys.some(({ ctrl, name }) => ctrl === true && name === 'c');
    if (isCtrlC || isInterrupted()) return 'interrupted';
    return !isCancel(answer) && answer ? 'yes' : 'no';
  } finally {
    restoreColors();
    process.stdin.off('keypress', noteKey);
  }
}

/** The prompt asks the environment when it is loaded and when it draws. It knows no `--no-color`, and looks at stdout. */
function setColors(hasColor: boolean): () => void {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  process.env.FORCE_COLOR = hasColor ? '1' : '0';
  // Node.js warns about the variable that it ignores.
  delete process.env.NO_COLOR;
  return () => {
    restore('FORCE_COLOR', FORCE_COLOR);
    restore('NO_COLOR', NO_COLOR);
  };
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}

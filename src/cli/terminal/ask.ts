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
export async function ask(message: string, interrupted?: AbortSignal): Promise<Answer> {
  const { confirm, isCancel } = await import('@clack/prompts');
  const isInterrupted = () => interrupted?.aborted ?? false;
  if (isInterrupted()) return 'interrupted';
  const keys: Key[] = [];
  const noteKey = (_text: string, key: Key) => keys.push(key);
  // The prompt does not distinguish Ctrl-C from Escape.
  process.stdin.on('keypress', noteKey);
  try {
    const answer = await confirm({
      message,
      initialValue: false,
      ...(interrupted === undefined ? {} : { signal: interrupted }),
      ...(process.stderr.isTTY ? { output: process.stderr } : {}),
    });
    const isCtrlC = keys.some(({ ctrl, name }) => ctrl === true && name === 'c');
    if (isCtrlC || isInterrupted()) return 'interrupted';
    return !isCancel(answer) && answer ? 'yes' : 'no';
  } finally {
    process.stdin.off('keypress', noteKey);
  }
}

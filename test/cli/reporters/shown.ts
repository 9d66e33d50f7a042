import type { Output } from '../../../src/cli/terminal/output.ts';
import { wrap } from '../../../src/cli/terminal/wrap.ts';

/** The text that a reporter prints on a terminal of this width. */
export function shown(columns: number, print: (output: Output) => void): string {
  const lines: string[] = [];
  const keep = (text: string) => void lines.push(text);
  const ignore = () => undefined;
  print({
    ...{ data: keep, text: (text) => void lines.push(wrap(text, columns)), note: keep, problem: keep, status: ignore },
    ...{ clearStatus: ignore, beginStreaming: ignore, beginActing: ignore, endActing: ignore },
    ...{ columns, isTerminal: true, hasStatusLine: false, hasColor: false, hasErrorColor: false },
  });
  return lines.join('\n');
}

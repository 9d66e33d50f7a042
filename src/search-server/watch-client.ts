import type { Readable, Writable } from 'node:stream';

export interface ClientWatch {
  readonly input: Readable;
  readonly output: Writable;
  /** Current parent pid of this process. */
  readonly parentPid: () => number;
  /** Pid of the process that started this one. */
  readonly startedBy: number;
  readonly everyMs?: number;
}

/**
 * A client killed by SIGKILL while another process keeps its pipe end open shows only as a change of parent. In
 * milliseconds.
 */
const LOOK_EVERY_MS = 1_000;

/**
 * Calls `onGone`, possibly more than once, when the client is gone: stdin ends, stdout breaks, or the parent changes.
 * @returns a function that ends the watch.
 */
export function watchClient(
  { input, output, parentPid, startedBy, everyMs = LOOK_EVERY_MS }: ClientWatch,
  onGone: (reason: string) => void,
): () => void {
  const hasEnded = (): void => {
    onGone('stdin ended');
  };
  input.once('end', hasEnded);
  input.once('close', hasEnded);
  input.on('error', hasEnded);
  output.on('error', () => {
    onGone('stdout is closed');
  });
  const look = (): void => {
    if (parentPid() !== startedBy) onGone('the parent process is gone');
  };
  look();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

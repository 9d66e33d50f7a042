import type { Readable, Writable } from 'node:stream';

export interface ClientWatch {
  readonly input: Readable;
  readonly output: Writable;
  /** Pid of this process's parent now. */
  readonly parentPid: () => number;
  /** Whom this process was started by. */
  readonly startedBy: number;
  readonly everyMs?: number;
}

/** A client that dies by SIGKILL while others hold its end of the pipe shows in nothing but the parent. Milliseconds. */
const LOOK_EVERY_MS = 1_000;

/**
 * Calls `onGone`, perhaps more than once, when whoever started this server is gone: stdin ends, stdout breaks, or the parent is another.
 * @returns ends the watch.
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
    if (parentPid() !== startedBy) onGone('whoever started it is gone');
  };
  look();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

import { withTimeout } from '../shared/with-timeout.ts';
import { ChromaFailure, type Exit } from './failure.ts';
import { LastLines } from './last-lines.ts';
import { type Household, OwnedProcess, type OwnedSpawn } from './owned-process.ts';

export interface BoundedResult {
  readonly exit: Exit;
  /** The last lines of its output: stdout, then stderr. */
  readonly output: readonly string[];
}

export interface RunBounds {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** The task of the program, for the message after a timeout. */
  readonly doing: string;
}

const END_MS = 5_000;
const KEPT_LINES = 20;

/**
 * Runs a claude-mem program to its end, recorded like every other process, and ends it at the deadline.
 * @throws ChromaFailure if it takes too long or the signal is aborted; nothing is then left running.
 */
export async function runBounded(
  spawn: OwnedSpawn,
  household: Household,
  { deadlineMs, signal, doing }: RunBounds,
): Promise<BoundedResult> {
  if (signal.aborted) throw new ChromaFailure('closed', `${doing}: interrupted`);
  const process = new OwnedProcess(spawn, household);
  const said = new LastLines(KEPT_LINES);
  process.child.stdin.end();
  process.child.stdout.on('data', (chunk: Buffer) => {
    said.write(chunk);
  });
  const interruption = whenAborted(signal);
  try {
    const exit = await withTimeout(deadlineMs, Promise.race([process.exited, interruption.promise]));
    if (exit === 'aborted') throw new ChromaFailure('closed', `${doing}: interrupted`);
    if (exit === undefined) throw new ChromaFailure('broken', `${doing} took longer than ${deadlineMs / 1000} s`);
    return { exit, output: [...said.lines, ...(await process.finalOutput())] };
  } finally {
    interruption.forget();
    await process.end(END_MS);
  }
}

function whenAborted(signal: AbortSignal): { readonly promise: Promise<'aborted'>; readonly forget: () => void } {
  let listener = (): void => undefined;
  const promise = new Promise<'aborted'>((resolve) => {
    listener = () => {
      resolve('aborted');
    };
  });
  signal.addEventListener('abort', listener);
  return {
    promise,
    forget: () => {
      signal.removeEventListener('abort', listener);
    },
  };
}

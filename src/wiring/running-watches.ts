import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';

/** A watch that has begun and has not ended. */
export interface RunningWatch {
  readonly mark: string;
  /** It encloses all tests of a file, so it is no other task. */
  readonly isOfFile: boolean;
}

/** Test runners load this module several times in one thread, so the list cannot be a variable. */
const WATCHES = 'claude-mem-cli.watches';

/** Adds a watch to the list. @returns a function that removes it. */
export function addRunningWatch(watch: RunningWatch): () => void {
  const answer = (message: unknown) => void (message as RunningWatch[]).push(watch);
  subscribe(WATCHES, answer);
  return () => void unsubscribe(WATCHES, answer);
}

/** The watches of this thread. */
export function runningWatches(): readonly RunningWatch[] {
  const found: RunningWatch[] = [];
  channel(WATCHES).publish(found);
  return found;
}

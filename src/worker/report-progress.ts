import { type IpcChannel, sendToSupervisor } from '../operations/tree/tree-messages.ts';

/** At most so often, in milliseconds: the supervisor looks every few seconds. */
const TELL_EVERY_MS = 1_000;

/**
 * Returns what is called for each answered request, and tells the supervisor from within that very turn of the event loop: with a
 * thousand clients one turn takes longer than the supervisor waits. An idle worker sends nothing.
 */
export function createProgressReport(channel: IpcChannel, now: () => number = () => performance.now()): () => void {
  let toldAt = -Infinity;
  return () => {
    if (now() - toldAt < TELL_EVERY_MS) return;
    toldAt = now();
    sendToSupervisor(channel, { type: 'progress' });
  };
}

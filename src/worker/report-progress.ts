import { type IpcChannel, sendToSupervisor } from '../operations/tree/tree-messages.ts';

/** Shortest interval between two reports, in milliseconds; the supervisor checks every few seconds. */
const TELL_EVERY_MS = 1_000;

/**
 * Returns a function to call after each answered request. It reports to the supervisor within the same turn of the
 * event loop, because with a thousand clients one turn takes longer than the supervisor waits. An idle worker sends
 * nothing.
 */
export function createProgressReport(channel: IpcChannel, now: () => number = () => performance.now()): () => void {
  let toldAt = -Infinity;
  return () => {
    if (now() - toldAt < TELL_EVERY_MS) return;
    toldAt = now();
    sendToSupervisor(channel, { type: 'progress' });
  };
}

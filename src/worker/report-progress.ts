import { type IpcChannel, sendToSupervisor } from '../operations/tree/tree-messages.ts';

/** Shortest interval between two reports, in milliseconds; the supervisor checks every few seconds. */
const REPORT_EVERY_MS = 1_000;

/**
 * Returns a function to call after each answered request. It reports to the supervisor within the same turn of the
 * event loop, because with a thousand clients one turn takes longer than the supervisor waits. An idle worker sends
 * nothing.
 */
export function createProgressReport(channel: IpcChannel, now: () => number = () => performance.now()): () => void {
  let reportedAt = -Infinity;
  return () => {
    if (now() - reportedAt < REPORT_EVERY_MS) return;
    reportedAt = now();
    sendToSupervisor(channel, { type: 'progress' });
  };
}

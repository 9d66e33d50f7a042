import { createConnection } from 'node:net';

/** Limit for an answer over loopback, in milliseconds. */
const ANSWER_MS = 3_000;

/**
 * Whether a process accepts connections on the port. A port that does not refuse within 3 s counts as open. Sends
 * nothing, because any program may listen there.
 */
export function isPortOpen(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: ANSWER_MS, signal });
    const finish = (isOpen: boolean) => () => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', finish(true));
    socket.once('timeout', finish(true));
    socket.once('error', finish(false));
  });
}

import { createConnection } from 'node:net';

/** How long an answer over loopback may take, in milliseconds. */
const ANSWER_MS = 3_000;

/**
 * Whether anything accepts connections there. One that does not even refuse them within 3 s is taken for one that is there. Nothing is
 * said to it: anybody may listen on a port.
 */
export function isPortOpen(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: ANSWER_MS, signal });
    const settle = (isOpen: boolean) => () => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', settle(true));
    socket.once('timeout', settle(true));
    socket.once('error', settle(false));
  });
}

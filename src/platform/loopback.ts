import { get } from 'node:http';
import { createConnection } from 'node:net';

/** How long an answer over loopback may take, in milliseconds. */
const ANSWER_MS = 3_000;
const MAX_BYTES = 1024 * 1024;

/** Whether anything accepts connections there. One that does not even refuse them within 3 s is taken for one that is there. */
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

export interface JsonRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly token?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Asks a server of this machine for a JSON object.
 * @throws Error when it does not answer within 3 s, or otherwise than with 200 and an object.
 */
export function getJson({ token, ...request }: JsonRequest): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    // A connection of its own: a kept one would keep this process alive.
    const asked = get({ ...request, headers, agent: false, timeout: ANSWER_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_BYTES) asked.destroy(new Error('the answer is too long'));
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`the answer is ${response.statusCode ?? '?'}`));
        else settle(text, resolve, reject);
      });
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    asked.on('error', reject);
  });
}

function settle(text: string, resolve: (value: Record<string, unknown>) => void, reject: (error: Error) => void): void {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) {
      resolve(value as Record<string, unknown>);
      return;
    }
  } catch {
    // Some other server: said below.
  }
  reject(new Error('the answer is no JSON object'));
}

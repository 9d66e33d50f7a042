import { askSocket } from '../../../shared/ask-socket.ts';

export interface WorkerClientOptions {
  /** Where the worker of the data dir answers our own programs. @throws Error where there is none. */
  readonly findSocket: () => string;
  /** @throws ClaudeMemError when it cannot be read; undefined where no worker has ever run. */
  readonly readToken: () => string | undefined;
  /** In milliseconds. */
  readonly withinMs: number;
}

/**
 * Delivers an event to the worker of this data dir.
 * @throws Error unless the worker has said within the time that it is stored; it may be stored all the same.
 */
export async function deliverToWorker(body: unknown, options: WorkerClientOptions): Promise<void> {
  const { findSocket, readToken, withinMs } = options;
  const token = readToken();
  if (token === undefined) throw new Error('there is no token yet: no worker has run on this data dir');
  const asked = { socketPath: findSocket(), path: '/api/hook-events', method: 'POST', token, body, withinMs } as const;
  const { status } = await askSocket(asked);
  if (status !== 201) throw new Error(`the worker answered ${status}`);
}

import { askSocket } from '../../../shared/ask-socket.ts';
import type { NamedPipes } from '../../../shared/named-pipes.ts';

export interface WorkerClientOptions {
  /** Path of the worker's socket in the data dir. @throws Error if there is none. */
  readonly findSocket: () => string;
  readonly pipes?: NamedPipes | undefined;
  /** Undefined if no worker has ever run. @throws ClaudeMemError if the token cannot be read. */
  readonly readToken: () => string | undefined;
  /** In milliseconds. */
  readonly withinMs: number;
}

/**
 * Delivers an event to the worker of this data dir.
 * @throws Error unless the worker confirms within the time limit that the event is stored. The event may be stored anyway.
 */
export async function deliverToWorker(body: unknown, options: WorkerClientOptions): Promise<void> {
  const { findSocket, pipes, readToken, withinMs } = options;
  const token = readToken();
  if (token === undefined) throw new Error('the data dir has no token yet, because no worker has run on it');
  const asked = { socketPath: findSocket(), path: '/api/hook-events', method: 'POST', token, body, withinMs } as const;
  const { status } = await askSocket({ ...asked, pipes });
  if (status !== 201) throw new Error(`the worker answered ${status}`);
}

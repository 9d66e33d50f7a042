import type { StoredIdentity } from '../../core/tree/manifest.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import type { Registration, TreeRecorder } from '../ports/tree.ts';

export type SearchMode = 'semantic' | 'keyword';

/** How the parts of a worker do, as it sees them. */
export interface WorkerParts {
  /** `starting`, `answering`, `reconnecting` or `closed`. */
  readonly searchServer: string;
  /** `off`, `asleep`, `starting`, `ready`, `unavailable` or `closed`. */
  readonly vectors: string;
  /** Why Chroma does not answer, in words for people. */
  readonly reason: string | null;
}

/** It answers: on the port for browsers and others, on the socket for our own programs. */
export interface WorkerReady {
  readonly type: 'ready';
  readonly port: number;
  /** Path. */
  readonly socket: string;
}

/** What the worker tells its supervisor over the IPC channel (JSON). */
export type WorkerMessage =
  | WorkerReady
  /** Asks for a record; answered by `recorded` with the same id. */
  | { readonly type: 'register'; readonly id: number; readonly registration: Registration }
  /** A recorded process ended, or its owner lets go of it; answered by `recorded` with the same id. */
  | { readonly type: 'ended'; readonly id: number; readonly identity: StoredIdentity }
  | { readonly type: 'search-mode'; readonly mode: SearchMode; readonly reason: string | null }
  /** Told whenever one of them changes. */
  | ({ readonly type: 'parts' } & WorkerParts)
  /** It has answered a request; told once a second at most. A blocked event loop cannot say so. */
  | { readonly type: 'progress' }
  /** It cannot do its work; it ends after this. */
  | { readonly type: 'failed'; readonly message: string };

/** What the supervisor tells the worker. That the channel closes says that the supervisor is gone. */
export type SupervisorMessage =
  /** The manifest is on the disk; with an error it is not. */
  | { readonly type: 'recorded'; readonly id: number; readonly error?: string }
  /** Shut the whole tree below down within so many milliseconds. */
  | { readonly type: 'shutdown'; readonly deadlineMs: number }
  /** End the connection to Chroma; after a rest of so many milliseconds the next need opens a new one. */
  | { readonly type: 'recycle-chroma'; readonly reason: string; readonly restMs?: number };

const WORKER_MESSAGES: ReadonlySet<unknown> = new Set<WorkerMessage['type']>([
  'ready',
  'register',
  'ended',
  'search-mode',
  'parts',
  'progress',
  'failed',
]);
const SUPERVISOR_MESSAGES: ReadonlySet<unknown> = new Set<SupervisorMessage['type']>([
  'recorded',
  'shutdown',
  'recycle-chroma',
]);

/**
 * Both ends come from one build and the channel is private to them, so the type says it all; what is no message (Node's own, a later
 * version's) is to be ignored.
 */
export function isWorkerMessage(message: unknown): message is WorkerMessage {
  return WORKER_MESSAGES.has(typeOf(message));
}

export function isSupervisorMessage(message: unknown): message is SupervisorMessage {
  return SUPERVISOR_MESSAGES.has(typeOf(message));
}

/** One end of an IPC channel: the worker's `process`, or a stand-in for it. */
export interface IpcChannel {
  readonly connected?: boolean;
  send?(message: unknown, handle?: undefined, options?: undefined, callback?: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

/**
 * Tells the supervisor something. A channel that closes meanwhile is no error here: its closing shuts the worker down.
 */
export function sendToSupervisor(channel: IpcChannel, message: WorkerMessage): void {
  if (channel.connected !== true) return;
  channel.send?.(message, undefined, undefined, () => undefined);
}

/** How long the supervisor may take to write a record, in milliseconds; longer, and it hangs or its disk does. */
const RECORD_TIMEOUT_MS = 5_000;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** A recorder that has the supervisor, who alone writes the manifest, record what this process spawns. */
export function createIpcRecorder(channel: IpcChannel, { timeoutMs = RECORD_TIMEOUT_MS } = {}): TreeRecorder {
  const pending = new Map<number, Pending>();
  let lastId = 0;

  const settle = (id: number, error?: Error): void => {
    const waiting = pending.get(id);
    if (waiting === undefined) return;
    pending.delete(id);
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve();
    else waiting.reject(error);
  };
  const failAll = (): void => {
    for (const id of [...pending.keys()]) settle(id, notRecorded('its channel is closed'));
  };
  const ask = (question: (id: number) => WorkerMessage): Promise<void> =>
    new Promise((resolve, reject) => {
      const id = (lastId += 1);
      const timer = setTimeout(() => {
        settle(id, notRecorded(`it did not answer within ${timeoutMs} ms`));
      }, timeoutMs);
      pending.set(id, { resolve, reject, timer });
      if (channel.connected !== true) failAll();
      else
        channel.send?.(question(id), undefined, undefined, (error) => {
          if (error !== null) settle(id, notRecorded(error.message));
        });
    });

  channel.on('message', (message) => {
    if (!isSupervisorMessage(message) || message.type !== 'recorded') return;
    settle(message.id, message.error === undefined ? undefined : notRecorded(message.error));
  });
  channel.on('disconnect', failAll);
  return {
    register: (registration) => ask((id) => ({ type: 'register', id, registration })),
    ended: (identity) => ask((id) => ({ type: 'ended', id, identity })),
  };
}

function notRecorded(reason: string): ClaudeMemError {
  return new ClaudeMemError('io', `the supervisor has not recorded a process: ${reason}`, {
    hint: 'The process bears the marks of its tree all the same and is found by them.',
  });
}

function typeOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
}

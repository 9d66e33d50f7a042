import type { StoredIdentity } from '../../core/tree/manifest.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import type { Registration, TreeRecorder } from '../ports/tree.ts';

export type SearchMode = 'semantic' | 'keyword';

/** The states of a worker's parts, as the worker sees them. */
export interface WorkerParts {
  /** `starting`, `answering`, `reconnecting` or `closed`. */
  readonly searchServer: string;
  /** `off`, `asleep`, `starting`, `ready`, `unavailable` or `closed`. */
  readonly vectors: string;
  /** Why Chroma does not answer, for people. */
  readonly reason: string | null;
}

/** The worker answers: on the port for browsers and other programs, on the socket for claude-mem's own. */
export interface WorkerReady {
  readonly type: 'ready';
  readonly port: number;
  /** Path. */
  readonly socket: string;
}

/** Messages from the worker to its supervisor over the IPC channel (JSON). */
export type WorkerMessage =
  | WorkerReady
  /** Asks for a record; answered by `recorded` with the same id. */
  | { readonly type: 'register'; readonly id: number; readonly registration: Registration }
  /** A recorded process ended, or its owner released it; answered by `recorded` with the same id. */
  | { readonly type: 'ended'; readonly id: number; readonly identity: StoredIdentity }
  | { readonly type: 'search-mode'; readonly mode: SearchMode; readonly reason: string | null }
  /** Sent whenever the state of a part changes. */
  | ({ readonly type: 'parts' } & WorkerParts)
  /** The worker has answered a request; sent at most once a second. A blocked event loop sends none. */
  | { readonly type: 'progress' }
  /** The worker cannot do its work, and exits after this message. */
  | { readonly type: 'failed'; readonly message: string };

/** Messages from the supervisor to the worker. A closed channel means that the supervisor is gone. */
export type SupervisorMessage =
  /** The entry is on disk; with `error`, it is not. */
  | { readonly type: 'recorded'; readonly id: number; readonly error?: string }
  /** Shut down everything below the worker within `deadlineMs`. */
  | { readonly type: 'shutdown'; readonly deadlineMs: number }
  /** Close Chroma. Once `restMs` has passed, the next search opens a new one. */
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
 * Checks the type only: both ends come from one build, and the channel is private to them. Callers ignore everything else, such as Node's
 * own messages.
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
 * Sends a message to the supervisor. A closed channel is not an error here: it shuts the worker down anyway.
 */
export function sendToSupervisor(channel: IpcChannel, message: WorkerMessage): void {
  if (channel.connected !== true) return;
  channel.send?.(message, undefined, undefined, () => undefined);
}

/** How long the supervisor may take to write a record, in milliseconds. After that, the supervisor or its disk hangs. */
const RECORD_TIMEOUT_MS = 5_000;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** A recorder that sends registrations to the supervisor, which alone writes the manifest. */
export function createIpcRecorder(channel: IpcChannel, { timeoutMs = RECORD_TIMEOUT_MS } = {}): TreeRecorder {
  const pending = new Map<number, Pending>();
  let lastId = 0;

  const finish = (id: number, error?: Error): void => {
    const waiting = pending.get(id);
    if (waiting === undefined) return;
    pending.delete(id);
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve();
    else waiting.reject(error);
  };
  const failAll = (): void => {
    for (const id of [...pending.keys()]) finish(id, notRecorded('the IPC channel is closed'));
  };
  const ask = (question: (id: number) => WorkerMessage): Promise<void> =>
    new Promise((resolve, reject) => {
      const id = (lastId += 1);
      const timer = setTimeout(() => {
        finish(id, notRecorded(`no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      pending.set(id, { resolve, reject, timer });
      if (channel.connected !== true) failAll();
      else
        channel.send?.(question(id), undefined, undefined, (error) => {
          if (error !== null) finish(id, notRecorded(error.message));
        });
    });

  channel.on('message', (message) => {
    if (!isSupervisorMessage(message) || message.type !== 'recorded') return;
    finish(message.id, message.error === undefined ? undefined : notRecorded(message.error));
  });
  channel.on('disconnect', failAll);
  return {
    register: (registration) => ask((id) => ({ type: 'register', id, registration })),
    ended: (identity) => ask((id) => ({ type: 'ended', id, identity })),
  };
}

function notRecorded(reason: string): ClaudeMemError {
  return new ClaudeMemError('io', `the supervisor did not record a process: ${reason}`, {
    hint: 'The process still has the marks of its tree, so claude-mem finds it by them.',
  });
}

function typeOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
}

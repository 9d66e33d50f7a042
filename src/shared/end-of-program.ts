import type { Log } from './log.ts';
import { exitNow } from './exit.ts';
import type { Shutdown } from './shutdown.ts';

/** In milliseconds; below the 5 s after which `stop` and the supervisor use force. */
const SHUTDOWN_MS = 4_000;

/** How long the process may stay alive after its shutdown before it is forced to exit, in milliseconds. */
const LINGER_MS = 300;

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGBREAK'] as const;

export interface EndOptions {
  readonly shutdown: Shutdown;
  readonly log: Log;
  /** Releases handles that keep the process alive beyond its parts, such as an IPC channel. */
  readonly release: () => void;
}

/** Ends this program. The first call starts the only shutdown; later calls change nothing. */
export type EndProgram = (reason: string, options?: { readonly withinMs?: number; readonly exitCode?: number }) => void;

/** Routes every signal and uncaught error to the one shutdown of this program. */
export function prepareEnd({ shutdown, log, release }: EndOptions): EndProgram {
  const end: EndProgram = (reason, { withinMs = SHUTDOWN_MS, exitCode } = {}) => {
    if (exitCode !== undefined) process.exitCode = exitCode;
    if (shutdown.isBegun) return;
    void shutdown.begin(reason, withinMs).then(() => {
      release();
      setTimeout(() => {
        log.error('the process stayed alive after its shutdown; forced to exit');
        exitNow(Number(process.exitCode ?? 0));
      }, LINGER_MS).unref();
    });
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      end(signal);
    });
  }
  // Unhandled rejections arrive here too.
  process.on('uncaughtException', (error) => {
    log.error('an unexpected error ends this program', { error });
    end('an unexpected error', { exitCode: 1 });
  });
  return end;
}

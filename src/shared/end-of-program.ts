import type { Log } from './log.ts';
import { exitNow } from './exit.ts';
import type { Shutdown } from './shutdown.ts';

/** Below the 5 s after which `stop` and the supervisor lose patience, in milliseconds. */
const SHUTDOWN_MS = 4_000;

/** After a shutdown nothing should hold the process any more; what does all the same is not waited for longer than this. */
const LINGER_MS = 300;

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface EndOptions {
  readonly shutdown: Shutdown;
  readonly log: Log;
  /** Lets go of what holds the process beyond its parts, such as a channel. */
  readonly release: () => void;
}

/** Ends this program. The first call begins the one shutdown; later ones change nothing. */
export type EndProgram = (reason: string, options?: { readonly withinMs?: number; readonly exitCode?: number }) => void;

/** Makes every way in which this program can be told to end lead to its one shutdown. */
export function prepareEnd({ shutdown, log, release }: EndOptions): EndProgram {
  const end: EndProgram = (reason, { withinMs = SHUTDOWN_MS, exitCode } = {}) => {
    if (exitCode !== undefined) process.exitCode = exitCode;
    if (shutdown.isBegun) return;
    void shutdown.begin(reason, withinMs).then(() => {
      release();
      setTimeout(() => {
        log.error('something still held the process; ended by force');
        exitNow(Number(process.exitCode ?? 0));
      }, LINGER_MS).unref();
    });
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      end(signal);
    });
  }
  // Rejections that nobody handles come here too.
  process.on('uncaughtException', (error) => {
    log.error('an unexpected error ends this program', { error });
    end('an unexpected error', { exitCode: 1 });
  });
  return end;
}

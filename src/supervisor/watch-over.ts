import type { Log } from '../shared/log.ts';
import type { NamedPipes } from '../shared/named-pipes.ts';
import { type AdoptionDuty, tendAdoptedChildren } from './adopted-children.ts';
import { type ControlGreeting, listenForControl } from './control-server.ts';
import type { Supervisor } from './supervisor.ts';
import { SAMPLE_EVERY_MS, type TreeVitals } from './vitals.ts';
import { watchFiles } from './watch-files.ts';

/** Grace period if none is given, in milliseconds. */
export const DEFAULT_GRACE_MS = 5_000;

/** Largest delay of a timer; a longer one would fire immediately. In milliseconds. */
const LONGEST_GRACE_MS = 24 * 60 * 60 * 1000;
/** Longest time that an answer is delayed, in milliseconds. */
const LONGEST_WAIT_MS = 60_000;

export interface WatchParts {
  readonly dataDir: string;
  readonly greeting: ControlGreeting;
  readonly socket: string;
  readonly pipes?: NamedPipes | undefined;
  readonly vitals: TreeVitals;
  /** Registers as subreaper; undefined if the system does not support it. */
  readonly adopt: () => AdoptionDuty | undefined;
  /** Whether the supervisor's lock file is still in place; false after the data dir was removed or replaced. */
  readonly isLockInPlace: () => boolean;
  readonly log: Log;
  /** Resources to release after the tree has ended, in order. */
  readonly cleanups: (() => unknown)[];
  /** Ends the tree; resolves with whether nothing is left. */
  readonly stop: (graceMs: number) => Promise<boolean>;
  /** Ends the tree and this program. */
  readonly end: () => Promise<void>;
}

/** Starts the control server, the subreaper, sampling, and the watches on files and on the parent process. */
export async function watchOver(supervisor: Supervisor, parts: WatchParts): Promise<void> {
  const { dataDir, greeting, socket, pipes, vitals, adopt, log, cleanups, stop, end } = parts;
  const server = await listenForControl(socket, {
    ...{ greeting, log, pipes },
    methods: {
      status: async ({ waitMs }) => {
        if (typeof waitMs === 'number') await supervisor.untilStateChanges(Math.min(waitMs, LONGEST_WAIT_MS));
        return { ...supervisor.status(), ...vitals.report() };
      },
      stop: async ({ graceMs }) => ({ isClean: await stop(graceMsOf(graceMs)) }),
    },
  });
  cleanups.unshift(() => server.close());
  // Running descendants are covered too (since Linux 4.12).
  const duty = adopt();
  log.info('supervising the tree', { adoptsOrphans: duty !== undefined });
  if (duty !== undefined) cleanups.unshift(tendAdoptedChildren(duty));
  cleanups.unshift(repeat(() => vitals.sample(), SAMPLE_EVERY_MS));
  cleanups.unshift(endWithoutDataDir(parts));
  if (process.argv.includes('--watch')) {
    const stopWatching = await watchFiles(
      { folder: process.cwd(), dataDir },
      (file) => void supervisor.replaceWorker(`${file} changed`),
    );
    cleanups.unshift(stopWatching);
  }
  if (process.argv.includes('--foreground')) {
    // The process that started the supervisor is gone.
    process.on('disconnect', () => void end());
    if (!process.connected) void end();
  }
}

/** How often in a row the data dir must be missing, because a folder may be moved away and back. */
const MISSED_LOOKS = 3;

/**
 * Ends a tree whose data dir is gone: no client can reach it, acknowledged data is lost, and a second tree could start
 * beside it.
 */
function endWithoutDataDir({ isLockInPlace, log, end }: WatchParts): () => void {
  let missed = 0;
  return repeat(() => {
    missed = isLockInPlace() ? 0 : missed + 1;
    if (missed === MISSED_LOOKS) {
      log.error('the data dir was removed or replaced; ending the tree');
      void end();
    }
    return Promise.resolve();
  }, SAMPLE_EVERY_MS);
}

/** Repeats one run at a time; skips a turn if a run takes longer than the interval. */
function repeat(run: () => Promise<void>, everyMs: number): () => void {
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    void run().finally(() => {
      isRunning = false;
    });
  }, everyMs);
  return () => {
    clearInterval(timer);
  };
}

function graceMsOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? Math.min(value, LONGEST_GRACE_MS) : DEFAULT_GRACE_MS;
}

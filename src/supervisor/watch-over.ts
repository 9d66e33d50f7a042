import type { Log } from '../shared/log.ts';
import { type AdoptionDuty, tendAdoptedChildren } from './adopted-children.ts';
import { type ControlGreeting, listenForControl } from './control-server.ts';
import type { Supervisor } from './supervisor.ts';
import { SAMPLE_EVERY_MS, type TreeVitals } from './vitals.ts';
import { watchFiles } from './watch-files.ts';

/** For an end that nobody set a period for, in milliseconds. */
export const DEFAULT_GRACE_MS = 5_000;

/** What a timer can hold; a longer one would fire at once. In milliseconds. */
const LONGEST_GRACE_MS = 24 * 60 * 60 * 1000;
/** For an answer that is held back, in milliseconds. */
const LONGEST_WAIT_MS = 60_000;

export interface WatchParts {
  readonly dataDir: string;
  readonly greeting: ControlGreeting;
  readonly socket: string;
  readonly vitals: TreeVitals;
  /** Asks the kernel for the orphans of the tree; undefined where it does not give them. */
  readonly adopt: () => AdoptionDuty | undefined;
  /** Whether this supervisor's lock is still the file of that name: no longer where the data dir was removed or replaced. */
  readonly isLockInPlace: () => boolean;
  readonly log: Log;
  /** What is to be let go of when the tree has ended, the first first. */
  readonly cleanups: (() => unknown)[];
  /** Ends the tree; resolves with whether nothing is left. */
  readonly stop: (graceMs: number) => Promise<boolean>;
  /** Ends the tree and this program. */
  readonly end: () => Promise<void>;
}

/** Answers on the control socket, adopts orphans, samples, and keeps an eye on files and on whoever started us. */
export async function watchOver(supervisor: Supervisor, parts: WatchParts): Promise<void> {
  const { dataDir, greeting, socket, vitals, adopt, log, cleanups, stop, end } = parts;
  const server = await listenForControl(socket, {
    greeting,
    log,
    methods: {
      status: async ({ waitMs }) => {
        if (typeof waitMs === 'number') await supervisor.settled(Math.min(waitMs, LONGEST_WAIT_MS));
        return { ...supervisor.status(), ...vitals.report() };
      },
      stop: async ({ graceMs }) => ({ isClean: await stop(graceMsOf(graceMs)) }),
    },
  });
  cleanups.unshift(() => server.close());
  // Also what runs already comes here then (since Linux 4.12).
  const duty = adopt();
  log.info('looking after the tree', { adoptsOrphans: duty !== undefined });
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
    // Whoever started us is gone.
    process.on('disconnect', () => void end());
    if (!process.connected) void end();
  }
}

/** How often the data dir has to be missing in a row: a folder may be moved away and back. */
const MISSED_LOOKS = 3;

/**
 * Without its data dir a tree is of no use: nobody reaches it, what it acknowledges is lost, and nothing keeps a second one from
 * running beside it.
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

/** One run at a time; a run that takes longer than the interval leaves the next one out. */
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

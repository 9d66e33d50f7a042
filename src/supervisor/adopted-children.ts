import { isZombie } from '../core/process/identity.ts';
import type { Observation } from '../operations/observe/observe.ts';
import type { Log } from '../shared/log.ts';

/** Exits come in bursts; one check handles all of them. In milliseconds. */
const DELAY_MS = 20;
/** Interval of the check for events without a signal: a missed SIGCHLD, or a new orphan. In milliseconds. */
const LOOK_EVERY_MS = 5_000;

export interface AdoptionDuty {
  readonly observe: () => Promise<Observation>;
  /** A snapshot not older than this many milliseconds, or as old as the CPU limit allows. */
  readonly recent: (maxAgeMs: number) => Promise<Observation>;
  /** The pids of all children, without reading the process table; undefined if the kernel does not list them. */
  readonly listChildren: () => readonly number[] | undefined;
  /** Calls waitpid for one adopted process that has exited. */
  readonly waitFor: (pid: number) => void;
  /** Whether Node spawned this child and waits for it itself. */
  readonly isSpawned: (pid: number) => boolean;
  /** Ends proven orphans of the tree. */
  readonly cleanUp: () => Promise<void>;
  readonly log: Log;
}

/**
 * Handles processes that the kernel re-parented to this subreaper because their parent died: waits for exited ones, so
 * that no zombie stays, and ends those whose generation is over.
 * @returns a function that stops it.
 */
export function tendAdoptedChildren(duty: AdoptionDuty): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  const look = async (observe: () => Promise<Observation>) => {
    if (isLooking) return;
    isLooking = true;
    try {
      await tend(duty, await observe());
    } catch (error) {
      duty.log.warn('could not look for adopted processes', { reason: String(error) });
    } finally {
      isLooking = false;
    }
  };
  const onChildExit = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // A check in progress may have missed this exit.
      if (isLooking) onChildExit();
      else void look(duty.observe);
    }, DELAY_MS);
  };
  const interval = setInterval(() => {
    // Reading the whole process table is expensive; listing the children is almost free.
    const hasAdopted = duty.listChildren()?.some((pid) => !duty.isSpawned(pid)) === true;
    void look(hasAdopted ? duty.observe : () => duty.recent(LOOK_EVERY_MS));
  }, LOOK_EVERY_MS);
  process.on('SIGCHLD', onChildExit);
  return () => {
    clearTimeout(timer);
    clearInterval(interval);
    process.off('SIGCHLD', onChildExit);
  };
}

async function tend(
  { waitFor, isSpawned, cleanUp }: AdoptionDuty,
  { reading, judgements }: Observation,
): Promise<void> {
  const adopted = reading.snapshot.processes.filter((row) => row.ppid === process.pid && !isSpawned(row.pid));
  for (const row of adopted) if (isZombie(row)) waitFor(row.pid);
  const isOrphanAmongThem = judgements.some(
    ({ verdict, row }) => verdict === 'orphan' && adopted.some(({ pid }) => pid === row.pid),
  );
  if (isOrphanAmongThem) await cleanUp();
}

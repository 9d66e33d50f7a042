import { isZombie } from '../core/process/identity.ts';
import type { Observation } from '../operations/observe/observe.ts';
import type { Log } from '../shared/log.ts';

/** Exits come in bursts; one look serves them all. In milliseconds. */
const SETTLE_MS = 20;
/** For what comes without a signal: an exit whose signal was missed, a grandchild that lost its parent. In milliseconds. */
const LOOK_EVERY_MS = 5_000;

export interface AdoptionDuty {
  readonly observe: () => Promise<Observation>;
  /** A look that is not older, in milliseconds, or as old as looks may be. */
  readonly recent: (maxAgeMs: number) => Promise<Observation>;
  /** The pids of all children, without a look at the process table; undefined where the kernel does not list them. */
  readonly listChildren: () => readonly number[] | undefined;
  /** Waits for one adopted process that has ended. */
  readonly waitFor: (pid: number) => void;
  /** A child that Node spawned and waits for itself. */
  readonly isSpawned: (pid: number) => boolean;
  /** Ends proven orphans of the tree. */
  readonly cleanUp: () => Promise<void>;
  readonly log: Log;
}

/**
 * Looks after what the kernel hands to this process because its parent died: waits for those that have ended, so that no zombie
 * stays, and ends those whose generation is over.
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
      duty.log.warn('adopted processes could not be looked for', { reason: String(error) });
    } finally {
      isLooking = false;
    }
  };
  const onChildExit = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // A look that is under way may have passed it by.
      if (isLooking) onChildExit();
      else void look(duty.observe);
    }, SETTLE_MS);
  };
  const interval = setInterval(() => {
    // A look at everything costs as much as there is; whether somebody came without a signal is known for next to nothing.
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

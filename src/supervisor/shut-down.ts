import { identityKey } from '../core/process/descent.ts';
import { terminateTree } from '../operations/terminate/terminate-tree.ts';
import { whyUnwritten } from '../operations/tree/unwritten.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import type { SupervisorDeps } from './deps.ts';
import type { WorkerProcess } from './worker-process.ts';

/** The part of a shutdown's deadline that is reserved for what the worker leaves behind, in milliseconds; a quarter of a short deadline. */
const SWEEP_RESERVE_MS = 500;

/** A second request to stop, which ends every grace period. */
export class Force {
  readonly #controller = new AbortController();
  /** Resolves with false once `force` is called. */
  readonly forced = new Promise<false>((resolve) => {
    this.#controller.signal.addEventListener('abort', () => {
      resolve(false);
    });
  });

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  force(): void {
    this.#controller.abort();
  }
}

/**
 * Asks the worker over its channel to exit, then ends it by force.
 * @param graceMs milliseconds between the request and SIGKILL.
 */
export async function endWorker(
  worker: WorkerProcess,
  { graceMs, force, deps }: { readonly graceMs: number; readonly force: Force; readonly deps: SupervisorDeps },
): Promise<void> {
  worker.send({ type: 'shutdown', deadlineMs: graceMs });
  const hasEnded = await withTimeout(graceMs, Promise.race([worker.ended.then(() => true), force.forced]));
  if (hasEnded === true) return;
  const row = deps.identify(worker.identity.pid);
  // The process that has the pid now is compared with the one that was spawned.
  if (row === undefined || identityKey(row) !== identityKey(worker.identity)) return;
  const bound = deps.signaller.bind(row, { compareCommand: false });
  if (typeof bound === 'string') return;
  bound.signal('SIGKILL');
  bound.close();
}

export interface ShutDown {
  readonly deps: SupervisorDeps;
  readonly worker: WorkerProcess | undefined;
  readonly graceMs: number;
  readonly force: Force;
}

/**
 * Ends the worker, then everything else of the tree, under one deadline.
 * @returns whether nothing of the tree is left.
 */
export async function shutDown({ deps, worker, graceMs, force }: ShutDown): Promise<boolean> {
  const { clock, log, treeId, manifest } = deps;
  const deadline = clock.now() + graceMs;
  if (worker !== undefined)
    await endWorker(worker, { graceMs: graceMs - Math.min(SWEEP_RESERVE_MS, graceMs / 4), force, deps });
  const isForced = force.signal.aborted;
  const result = await terminateTree(deps, treeId, {
    graceMs: isForced ? 0 : Math.max(0, deadline - clock.now()),
    ...(isForced ? {} : { forced: force.signal }),
  });
  for (const row of result.left)
    log.warn('has the marks of this tree and is no program of claude-mem; left running', {
      left: row.pid,
      name: row.name,
    });
  for (const { row } of result.remaining) log.error('could not be ended', { left: row.pid, name: row.name });
  const isClean = result.remaining.length === 0 && result.isComplete;
  // All processes have ended by now, and the next reader of the manifest sees that too.
  const unwritten = isClean
    ? whyUnwritten(() => {
        manifest.retire(clock.date().toISOString());
      })
    : undefined;
  if (unwritten !== undefined) log.error('the end could not be recorded', { reason: unwritten });
  log.info('stopped', { isClean });
  return isClean;
}

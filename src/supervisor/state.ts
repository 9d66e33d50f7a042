import type { TreeState } from '../core/tree/manifest.ts';
import type { WorkerParts } from '../operations/tree/tree-messages.ts';
import type { HealthMonitor } from './health-monitor.ts';
import type { SearchStatus } from './supervisor-status.ts';
import type { WorkerProcess } from './worker-process.ts';

/** One generation of the worker, and what is known about it. */
export interface WorkerRun {
  readonly worker: WorkerProcess;
  /** The reason that the worker gave before it exits, or for which the supervisor ends it. */
  reason: string | undefined;
  /** The next worker starts without a delay: this one does not end by a crash. */
  isReplaced: boolean;
  /** The last report of the worker about its parts. */
  parts: WorkerParts | null;
  /** The last report of the worker about its search mode. */
  search: SearchStatus | undefined;
}

interface Cleaning {
  readonly name: 'cleaning';
  readonly treeState: 'starting' | 'running' | 'failed';
  isReplaced: boolean;
}

/**
 * The supervisor is in exactly one of these states. Timers and monitors belong to a state: leaving it stops them.
 *
 *     waiting → spawned → running → replacing → cleaning → waiting
 *
 * A worker that exits leads from `spawned`, `running` and `replacing` to `cleaning`. Too many restarts in a row, and a first worker that
 * cannot be recorded, lead to `failed`. `stopping` can follow every state and is never left.
 */
export type SupervisorState =
  /** There is no worker. The timer, if there is one, starts the next. */
  | { readonly name: 'waiting'; readonly timer?: NodeJS.Timeout }
  /** The worker runs and is not ready yet. The timer replaces a worker that takes too long. */
  | { readonly name: 'spawned'; readonly run: WorkerRun; readonly timer: NodeJS.Timeout }
  /** The worker is ready. The timer forgets earlier crashes. */
  | {
      readonly name: 'running';
      readonly run: WorkerRun;
      readonly monitor: HealthMonitor;
      readonly timer: NodeJS.Timeout;
    }
  /** The worker is asked to exit. The timer asks again if the worker cannot be ended. */
  | {
      readonly name: 'replacing';
      readonly run: WorkerRun;
      readonly treeState: 'starting' | 'running';
      readonly timer?: NodeJS.Timeout;
    }
  /** The worker exited, and its leftovers are being ended. */
  | Cleaning
  /** The supervisor gave up. A worker whose start could not be recorded may still be running, and is being ended. */
  | { readonly name: 'failed'; readonly run?: WorkerRun; readonly timer?: NodeJS.Timeout }
  /** The tree ends. `done` resolves with whether nothing of it is left. */
  | { readonly name: 'stopping'; readonly run?: WorkerRun; readonly done: Promise<boolean> };

/** The state as the manifest records it and `status` shows it. */
export function treeStateOf(state: SupervisorState): TreeState {
  switch (state.name) {
    case 'waiting':
    case 'spawned':
      return 'starting';
    case 'replacing':
    case 'cleaning':
      return state.treeState;
    case 'running':
    case 'failed':
    case 'stopping':
      return state.name;
  }
}

/** The worker that runs in this state, if any. */
export function runOf(state: SupervisorState): WorkerRun | undefined {
  return 'run' in state ? state.run : undefined;
}

/** Stops everything that belongs to a state alone. */
export function leave(state: SupervisorState): void {
  if ('timer' in state) clearTimeout(state.timer);
  if (state.name === 'running') state.monitor.stop();
}

/** The state after the exit of a worker. */
export function cleaningAfter(
  state: Exclude<SupervisorState, { name: 'stopping' }>,
  { isReplaced }: WorkerRun,
): Cleaning {
  const treeState = treeStateOf(state);
  return { name: 'cleaning', treeState: treeState === 'stopping' ? 'failed' : treeState, isReplaced };
}

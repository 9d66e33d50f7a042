import type { ClaudeMemError } from '../../shared/errors.ts';
import type { Observation } from '../observe/observe.ts';
import type { Outcome } from '../terminate/terminate.ts';
import type { LifecyclePorts, TreeStatus } from './tree-lifecycle.ts';

/** A supervisor that this start spawned. */
export interface SpawnedSupervisor {
  readonly pid: number;
  readonly treeId: string;
  readonly hasExited: () => boolean;
}

/** A spawned supervisor that has loaded its program and waits for its release. It has written nothing yet. */
export interface HeldSupervisor extends SpawnedSupervisor {
  readonly release: () => void;
  /** Ends the supervisor, unless it was released. */
  readonly dismiss: () => Promise<void>;
}

export interface StartPorts extends LifecyclePorts {
  /** Spawns a supervisor for a new tree; the supervisor waits for its release. */
  readonly spawnSupervisor: () => HeldSupervisor;
  /** @throws ClaudeMemError `lock-held`, naming the process that holds the supervisor's lock. */
  readonly assertLockFree: () => Promise<void>;
  /** @throws ClaudeMemError `port-taken`, naming the process that listens on the port. */
  readonly assertPortFree: () => Promise<void>;
  /**
   * Runs an action under `operation.lock`.
   * @param interrupted stops waiting for the lock.
   * @param goesOnWithout decides whether the action runs without the lock, given the reason why the lock is unavailable; absent: never.
   */
  readonly underOperationLock: <T>(
    action: () => Promise<T>,
    interrupted?: AbortSignal,
    goesOnWithout?: (reason: ClaudeMemError) => boolean,
  ) => Promise<T>;
  /** Updates the manifests of dead trees from an observation. */
  readonly tidy: (observation: Observation) => void;
  /** Reports the current step, for people. */
  readonly onProgress: (doing: string) => void;
}

export interface StartResult {
  /** The last status received; undefined if the supervisor exited or never answered. */
  readonly status: TreeStatus | undefined;
  readonly ok: boolean;
  readonly alreadyRunning: boolean;
  readonly treeId: string;
  /** Leftovers that this start tried to end first; check each outcome. */
  readonly ended: readonly Outcome[];
  /** The reading after that. It may contain orphans that only their command line proves: `start` reports them and leaves them to `reap`. */
  readonly observation: Observation;
  readonly problem: string | undefined;
  /** Records that could not be written, with the reason. */
  readonly unwritten: readonly string[];
}

export interface StartOptions {
  /** Time limit for the new tree's readiness, in milliseconds. */
  readonly timeoutMs: number;
  /** Runs first, under the same lock, so that no other command starts a tree in between. */
  readonly before?: () => Promise<readonly Outcome[]>;
  /** Aborted by Ctrl-C: the current step is completed, and no further step begins. */
  readonly interrupted?: AbortSignal;
}

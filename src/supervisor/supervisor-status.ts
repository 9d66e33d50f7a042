import type { TreeState } from '../core/tree/manifest.ts';

export interface SearchStatus {
  readonly mode: 'semantic' | 'keyword';
  readonly reason: string | null;
}

/** The answer to `status` on the control socket. */
export interface SupervisorStatus {
  readonly treeId: string;
  readonly version: string;
  readonly state: TreeState;
  readonly startedAt: string;
  readonly port: number | null;
  readonly restarts: number;
  readonly search: SearchStatus;
  /** Why the tree is not running; null if it is. */
  readonly problem: string | null;
  readonly healthy: boolean;
}

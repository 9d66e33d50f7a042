import type { TreeState } from '../core/tree/manifest.ts';

export interface SearchStatus {
  readonly mode: 'semantic' | 'keyword';
  readonly reason: string | null;
}

/** What `status` is told over the control socket. */
export interface SupervisorStatus {
  readonly treeId: string;
  readonly version: string;
  readonly state: TreeState;
  readonly startedAt: string;
  readonly port: number | null;
  readonly restarts: number;
  readonly search: SearchStatus;
  /** Why it is not running, if it is not. */
  readonly problem: string | null;
  readonly healthy: boolean;
}

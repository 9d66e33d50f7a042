import type { Settings } from '../core/settings.ts';
import type { Clock, ProcessTable, Signaller } from '../operations/ports/process.ts';
import type { IdentifyProcess, OwnIdentity, TreeRecorder } from '../operations/ports/tree.ts';
import type { Log } from '../shared/log.ts';

/** Everything a process needs to run its own Chroma. Assembled in `wiring/`. */
export interface ChromaDependencies {
  /** Without links. */
  readonly dataDir: string;
  readonly settings: Pick<
    Settings,
    | 'chromaEnabled'
    | 'chromaMode'
    | 'chromaHost'
    | 'chromaPort'
    | 'chromaSsl'
    | 'chromaIdleSeconds'
    | 'pythonVersion'
    | 'uvx'
  >;
  /** `chroma-sync` in the worker, `chroma-search` in a standalone search server. */
  readonly role: 'chroma-sync' | 'chroma-search';
  readonly treeId: string;
  readonly own: OwnIdentity;
  /** The environment of this process at its start. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `dist/chroma-constraints.txt`. */
  readonly constraintsFile: string;
  readonly platform: NodeJS.Platform;
  readonly processes: ChromaProcessPorts;
  readonly vectors: VectorsGuard;
  readonly log: Log;
}

/** Ports for reading, recording and ending processes. */
export interface ChromaProcessPorts {
  readonly identify: IdentifyProcess;
  readonly table: ProcessTable;
  readonly recorder: TreeRecorder;
  readonly signaller: Signaller;
  readonly clock: Clock;
}

/** Controls who may open the vectors. Not used in remote mode. */
export interface VectorsGuard {
  /**
   * Tries once to take `vectors.lock`, without waiting.
   * @throws ClaudeMemError `lock-held` naming the holder; `io`.
   */
  readonly acquire: () => Promise<{ release(): void }>;
  /** Ends proven orphans on the vectors if `operation.lock` is free. Called each time the lock was taken. */
  readonly endOrphans: () => Promise<void>;
}

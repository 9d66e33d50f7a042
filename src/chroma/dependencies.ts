import type { Settings } from '../core/settings.ts';
import type { Clock, ProcessTable, Signaller } from '../operations/ports/process.ts';
import type { IdentifyProcess, OwnIdentity, TreeRecorder } from '../operations/ports/tree.ts';
import type { Log } from '../shared/log.ts';

/** What a Chroma of one's own needs from outside. A service's `main.ts` puts it together. */
export interface ChromaDependencies {
  /** Resolved. */
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
  /** `chroma-sync` in the worker, `chroma-search` in a search server on its own. */
  readonly role: 'chroma-sync' | 'chroma-search';
  readonly treeId: string;
  readonly own: OwnIdentity;
  /** Of this process, as it was started. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `dist/chroma-constraints.txt`. */
  readonly constraintsFile: string;
  readonly platform: NodeJS.Platform;
  readonly processes: ChromaProcessPorts;
  readonly vectors: VectorsGuard;
  readonly log: Log;
}

/** Seeing, recording and ending processes. */
export interface ChromaProcessPorts {
  readonly identify: IdentifyProcess;
  readonly table: ProcessTable;
  readonly recorder: TreeRecorder;
  readonly signaller: Signaller;
  readonly clock: Clock;
}

/** Who may open the vectors. Not asked in remote mode. */
export interface VectorsGuard {
  /**
   * Takes `vectors.lock` in one attempt, without waiting.
   * @throws ClaudeMemError `lock-held` naming the holder; `io`.
   */
  readonly acquire: () => Promise<{ release(): void }>;
  /** Ends proven orphans on the vectors, if `operation.lock` is free. Called after each taking of the lock. */
  readonly endOrphans: () => Promise<void>;
}

import type { ManifestEntry, StoredIdentity, TreeState } from '../core/tree/manifest.ts';
import type { Settings } from '../core/settings.ts';
import type { Observation, Reading } from '../operations/observe/observe.ts';
import type { Clock, Signaller } from '../operations/ports/process.ts';
import type { IdentifyProcess, OwnIdentity } from '../operations/ports/tree.ts';
import type { Log } from '../shared/log.ts';

/** The manifest of the supervisor's own tree; no other process writes it. */
export interface OwnManifest {
  setState(state: TreeState): void;
  register(entry: ManifestEntry): void;
  endEntry(identity: StoredIdentity, at: string): void;
  /** Marks the entries of vanished processes as ended, and drops the oldest of hundreds after a crash loop. */
  markGone(gone: readonly StoredIdentity[], at: string): void;
  /** Retires the manifest after every other process of the tree is gone. */
  retire(at: string): void;
}

export interface SupervisorDeps {
  readonly own: OwnIdentity;
  readonly treeId: string;
  readonly version: string;
  readonly dataDir: string;
  readonly settings: Settings;
  readonly manifest: OwnManifest;
  readonly workerScript: string;
  /** Environment for child processes, without marks. */
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly crashLog: string;
  readonly identify: IdentifyProcess;
  readonly observe: () => Promise<Observation>;
  readonly takeReading: () => Promise<Reading>;
  /**
   * Lets the system end a child, and all that it starts, together with this process. @returns whether the system does. Null if it cannot.
   */
  readonly endWithSelf?: ((pid: number) => boolean) | null;
  readonly signaller: Signaller;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether a stop of this tree was recorded. */
  readonly isStopIntended: () => boolean;
}

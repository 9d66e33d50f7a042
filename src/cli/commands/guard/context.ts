import type { FolderPattern } from '../../../core/guard/search-path.ts';
import type { GuardLogLine } from '../../../operations/guard/run-guard.ts';
import type { GuardStore, Scheduler } from '../../../operations/ports/guard.ts';

/** The adapters of `guard` for one data dir. */
export interface GuardContext {
  readonly store: GuardStore;
  /** The schedulers of this system, the preferred one first. */
  readonly schedulers: readonly Scheduler[];
  readonly name: string;
  readonly platform: NodeJS.Platform;
  readonly bootedAt: () => Date;
  /**
   * Creates the data dir if it is missing.
   * @throws ClaudeMemError `not-owner`, `data-dir`.
   */
  readonly prepareDataDir: () => Promise<void>;
  readonly log: (line: GuardLogLine) => void;
  readonly findLauncher: () => Launcher;
  /** The folders of this shell in which the script looks first. */
  readonly searchFolders: () => readonly FolderPattern[];
}

/** A command line, such as `claude-mem guard run --data-dir /d`. */
export type GuardCall = (action: 'install' | 'status' | 'remove' | 'run') => string;

/** How this program was started. */
export interface Launcher {
  /**
   * `installed`: a command that no upgrade moves. `versioned`: its folder belongs to one version of Node.js. `checkout`: a program file
   * without a command on the PATH. `npx`: in the cache of npx, which may be emptied.
   */
  readonly kind: 'installed' | 'versioned' | 'checkout' | 'npx';
  readonly path: string;
}

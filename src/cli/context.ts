import type { SampleReading } from '../core/health/sample.ts';
import type { ManifestEntry } from '../core/tree/manifest.ts';
import type { Judgement } from '../core/verdicts/verdict.ts';
import type { Json, JsonEdit } from '../operations/hooks/integration.ts';
import type { ObserveOptions, Observation, Reading } from '../operations/observe/observe.ts';
import type { Clock, Signaller } from '../operations/ports/process.ts';
import type { Personal } from '../operations/redact/personal-words.ts';
import type { StartPorts } from '../operations/tree/start-tree.ts';
import type { TreeFiles } from '../operations/tree/tidy-trees.ts';
import type { ConnectToSupervisor, LifecyclePorts } from '../operations/tree/tree-lifecycle.ts';
import type { StagePorts } from '../operations/verify/stage.ts';
import type { VerifyCommandPorts } from '../operations/verify/verify-command.ts';
import type { ClaudeMemError } from '../shared/errors.ts';
import type { WorkerAccess } from './commands/status/page-link.ts';

/** Everything outside the CLI that its commands use. `wiring/cli.ts` implements it. */
export interface CliWiring {
  /** @throws ClaudeMemError `data-dir`; `manifest-unreadable` for one that only looks and may not. */
  readonly createContext: (options: ContextOptions) => Context;
  readonly createTreeContext: (context: Context) => TreeContext;
  readonly openLogs: (dataDir: string) => Logs;
  /** The samples that the supervisors of a data dir recorded. */
  readonly readHistory: (dataDir: string) => Promise<SampleReading>;
  /** @throws ClaudeMemError `snapshot-file`. */
  readonly readSnapshotFile: (file: string) => Promise<Reading>;
  /**
   * Writes a snapshot to a file, if one is named.
   * @returns its text.
   * @throws ClaudeMemError `io`.
   */
  readonly writeSnapshot: (file: string | undefined, reading: Reading) => Promise<string>;
  /**
   * @param project a folder out of which no link is followed; undefined for a file that the user's own settings lie in.
   * @throws ClaudeMemError `settings` for one that is no JSON object, `io`.
   */
  readonly openJsonFile: (path: string, project: string | undefined) => Promise<OpenJsonFile>;
  /**
   * Writes a file that everybody may read, whole or not at all.
   * @throws ClaudeMemError `io`.
   */
  readonly writeForOthers: (file: string, text: string) => Promise<void>;
  /**
   * Opens the file before the work begins, so that a path that cannot be written is reported at once.
   * @throws ClaudeMemError `io`, also from `write`.
   */
  readonly openReportFile: (path: string) => Promise<ReportFile>;
  /** The ports of `verify -- COMMAND`. From here on this process adopts orphans, where the system supports it. */
  readonly commandPorts: (context: Context) => Promise<VerifyCommandPorts>;
  /**
   * A data dir and a port for this run alone. uvx, its cache and the embedding model are the user's; nothing is downloaded.
   * @param context of the user's own data dir, which is only read.
   */
  readonly createStage: (context: Context, interrupted: AbortSignal) => Promise<ScenarioStage>;
}

/** A data dir, as a command works on it. */
export interface Context {
  /** Resolved. */
  readonly dataDir: string;
  readonly clock: Clock;
  takeReading(options: Omit<ObserveOptions, 'dataDir'>): Promise<Reading>;
  observe(options: Omit<ObserveOptions, 'dataDir'>): Promise<Observation>;
  /** Observes again and again: what cannot have changed since the last time is not read each time. */
  follow(options: Omit<ObserveOptions, 'dataDir'>): () => Promise<Observation>;
  /** What the manifest of a tree records and what runs, its root first; reads no other process. */
  running(treeId: string): Promise<readonly ManifestEntry[]>;
  signaller(): Promise<Signaller>;
  /**
   * For commands that start or end something.
   * @throws ClaudeMemError `not-owner`; `data-dir` where other users may write.
   */
  assertMayAct(): void;
  /**
   * For a command that found nothing.
   * @throws ClaudeMemError `data-dir` for a data dir that was named and does not exist, or cannot be used: "nothing found" would be true
   * and misleading.
   * @param found what was judged: a tree outlives its data dir.
   */
  assertDataDirExists(found?: readonly Judgement[]): void;
  /**
   * Takes `operation.lock`, so that commands that spawn or end take turns, and gives it back afterwards. Without a data dir there is
   * nothing to take turns about.
   * @param goesOnWithout called with the reason where the lock cannot be had and the action begins without it; absent: it never does.
   * @throws ClaudeMemError `lock-held` naming the holder; `io` for a lock that cannot be used.
   */
  underOperationLock<T>(
    command: string,
    signal: AbortSignal,
    action: () => Promise<T>,
    goesOnWithout?: GoesOnWithout,
  ): Promise<T>;
  trees(): TreeFiles;
  /** What `--redact` takes out. */
  personal(): Personal;
}

export interface ContextOptions {
  readonly dataDir?: string | undefined;
  /** Whether the command may change something. */
  readonly acts: boolean;
  /** Called with the reason where the data dir cannot be used: its processes are known by their marks then. Absent: that is an error. */
  readonly goesOnWithout?: (reason: ClaudeMemError) => void;
  /**
   * A data dir that was named and does not exist: `refuse` it; `look` for processes of it all the same, because a tree outlives its data
   * dir, and refuse it if there are none; `accept` it, for commands that create it. Refused unless given.
   */
  readonly ifMissing?: 'refuse' | 'look' | 'accept';
}

/** Whether an action begins without `operation.lock`, for this reason. */
export type GoesOnWithout = (reason: ClaudeMemError) => boolean;

/** The part of a tree's data dir that `start`, `stop` and `status` use. */
export interface TreeContext {
  /** @throws ClaudeMemError `not-owner`, `data-dir`. */
  prepareDataDir(): void;
  readonly connect: ConnectToSupervisor;
  lifecycle(): Promise<LifecyclePorts>;
  readonly worker: WorkerAccess;
  /** False where there is none in front of the person. */
  openBrowser(url: string): Promise<boolean>;
  /** @throws ClaudeMemError `settings`. */
  start(options: StartEnvironment): Promise<StartPorts & Foreground>;
  /** What is to be said before a start, if anything. */
  warnings(): readonly string[];
  /** The last lines that were logged since a supervisor was last spawned: they tell why a start failed. */
  lastLogLines(count: number): readonly string[];
  /** Why a tree cannot be recorded now; undefined if it can. Without a record there is no tree, and on a full disk no log tells. */
  whyUnrecordable(): string | undefined;
}

export interface Foreground {
  /** Resolves with the exit code of the supervisor that was spawned last; null if a signal ended it. */
  readonly supervisorEnded: () => Promise<number | null>;
}

export interface StartEnvironment {
  /** Whom the operation lock names: `claude-mem start`. */
  readonly command: string;
  readonly port?: number | undefined;
  readonly chroma: boolean;
  readonly watch: boolean;
  /** Keep the supervisor in this terminal, and end it with this command. */
  readonly foreground: boolean;
  readonly onProgress: (doing: string) => void;
}

/** A settings file of another program. */
export interface OpenJsonFile {
  readonly path: string;
  readonly value: Json;
  /** Returns where what it was is kept; null where there was no file. */
  edit(edits: readonly JsonEdit[]): Promise<string | null>;
}

/** A file that a report goes to. */
export interface ReportFile {
  write(text: string): void;
}

/** The logs of a data dir. */
export interface Logs {
  readonly names: () => readonly string[];
  /** Returns a function that reads on each call what came since the last one. */
  readonly tail: (name: string) => () => readonly string[];
}

/** What the scenarios are played on. */
export interface ScenarioStage {
  readonly ports: StagePorts;
  /** Path of the real uvx; null where there is none. */
  readonly uvx: string | null;
  /** Why Chroma cannot be had; null if it should be there. */
  readonly whyNoChroma: string | null;
  /**
   * Removes the data dir.
   * @returns what could not be removed, in words; undefined if it is gone.
   */
  readonly remove: () => string | undefined;
}

import type { SampleReading } from '../core/health/sample.ts';
import type { ManifestEntry } from '../core/tree/manifest.ts';
import type { Judgement } from '../core/verdicts/verdict.ts';
import type { Json, JsonEdit } from '../operations/hooks/integration.ts';
import type { ObserveOptions, Observation, Reading } from '../operations/observe/observe.ts';
import type { Clock, Signaller } from '../operations/ports/process.ts';
import type { Personal } from '../operations/redact/personal-words.ts';
import type { StartPorts } from '../operations/tree/start-ports.ts';
import type { TreeFiles } from '../operations/tree/tidy-trees.ts';
import type { ConnectToSupervisor, LifecyclePorts } from '../operations/tree/tree-lifecycle.ts';
import type { StagePorts } from '../operations/verify/stage.ts';
import type { VerifyCommandPorts } from '../operations/verify/verify-command.ts';
import type { ClaudeMemError } from '../shared/errors.ts';
import type { GuardContext } from './commands/guard/context.ts';
import type { WorkerAccess } from './commands/status/page-link.ts';

/** The adapters that the commands use. `wiring/cli.ts` implements them. */
export interface CliWiring {
  /** @throws ClaudeMemError `data-dir`; `manifest-unreadable` if a command that only reads lacks the permission. */
  readonly createContext: (options: ContextOptions) => Context;
  readonly createTreeContext: (context: Context) => Promise<TreeContext>;
  /** @param program path of the CLI's program file. */
  readonly createGuardContext: (context: Context, program: string) => Promise<GuardContext>;
  readonly openLogs: (dataDir: string) => Promise<Logs>;
  /** Reads the samples that the supervisors of a data dir recorded. */
  readonly readHistory: (dataDir: string) => Promise<SampleReading>;
  /** @throws ClaudeMemError `snapshot-file`. */
  readonly readSnapshotFile: (file: string) => Promise<Reading>;
  /**
   * Renders a snapshot, and writes it to a file if one is given.
   * @returns the text.
   * @throws ClaudeMemError `io`.
   */
  readonly writeSnapshot: (file: string | undefined, reading: Reading) => Promise<string>;
  /**
   * @param project links out of this folder are not followed; undefined for the user's own settings file.
   * @throws ClaudeMemError `settings` if the file is no JSON object, `io`.
   */
  readonly openJsonFile: (path: string, project: string | undefined) => Promise<OpenJsonFile>;
  /** The name under which a shell finds this very program, on that PATH. */
  readonly nameOnPath: (searchPath: string | undefined) => Promise<string | undefined>;
  /** Whether every Claude Code on that PATH knows the event of a failed tool; undefined if that is unknown. */
  readonly hostReportsFailures: (searchPath: string | undefined) => Promise<boolean | undefined>;
  /** The script that Claude Code runs for hooks; undefined on a system without a POSIX shell. */
  readonly findHookScript: (dataDir: string) => Promise<HookScriptFile | undefined>;
  /**
   * Writes a world-readable file atomically.
   * @throws ClaudeMemError `io`.
   */
  readonly writeForOthers: (file: string, text: string) => Promise<void>;
  /**
   * Opens the file before the work begins, so that an unwritable path is reported first.
   * @throws ClaudeMemError `io`, also from `write`.
   */
  readonly openReportFile: (path: string) => Promise<ReportFile>;
  /** The ports of `verify -- COMMAND`. Makes this process a subreaper, if the system supports it. */
  readonly commandPorts: (context: Context) => Promise<VerifyCommandPorts>;
  /**
   * Creates a temporary data dir and finds a free port. The run uses the user's uvx, its cache and the embedding model, and downloads
   * nothing.
   * @param context of the user's data dir, which is only read.
   */
  readonly createStage: (context: Context, interrupted: AbortSignal) => Promise<ScenarioStage>;
}

/** The operations of a command on a data dir. */
export interface Context {
  /** Resolved. */
  readonly dataDir: string;
  readonly clock: Clock;
  takeReading(options: Omit<ObserveOptions, 'dataDir'>): Promise<Reading>;
  /** Takes a reading for a snapshot file. */
  takeFullReading(): Promise<Reading>;
  observe(options: Omit<ObserveOptions, 'dataDir'>): Promise<Observation>;
  /** Returns an `observe` for repeated calls. It does not read again what cannot have changed. */
  follow(options: Omit<ObserveOptions, 'dataDir'>): () => Promise<Observation>;
  /** The recorded processes of a tree that still run, the root first. Reads no other process. */
  running(treeId: string): Promise<readonly ManifestEntry[]>;
  signaller(): Promise<Signaller>;
  /**
   * Call it before starting or ending a process.
   * @throws ClaudeMemError `not-owner`; `data-dir` if other users may write to the data dir.
   */
  assertMayAct(): Promise<void>;
  /**
   * Call it before reporting that nothing was found.
   * @throws ClaudeMemError `data-dir` if the user named a data dir that does not exist or cannot be used: "nothing found" would be true
   * but misleading.
   * @param found the judged processes. A process of the data dir prevents the error, because a tree may outlive its data dir.
   */
  assertDataDirExists(found?: readonly Judgement[]): void;
  /**
   * Runs an action under `operation.lock`, which serializes the commands that start or end processes. Takes no lock if the data dir does
   * not exist.
   * @param goesOnWithout decides whether the action runs without the lock if it cannot be taken. Default: never.
   * @throws ClaudeMemError `lock-held` naming the holder; `io` if the lock cannot be used.
   */
  underOperationLock<T>(
    command: string,
    signal: AbortSignal,
    action: () => Promise<T>,
    goesOnWithout?: GoesOnWithout,
  ): Promise<T>;
  trees(): TreeFiles;
  /** The personal words that `--redact` removes. */
  personal(): Personal;
}

export interface ContextOptions {
  readonly dataDir?: string | undefined;
  /** True if the command may change something. */
  readonly acts: boolean;
  /** Receives the error of an unusable data dir. The command continues and finds the processes by their marks. Absent: the error is thrown. */
  readonly goesOnWithout?: (reason: ClaudeMemError) => void;
  /**
   * Handling of a named data dir that does not exist. `refuse` (default) throws. `look` searches for its processes, because a tree may
   * outlive its data dir, and throws if there are none. `accept` is for commands that create it.
   */
  readonly ifMissing?: 'refuse' | 'look' | 'accept';
}

/** Decides by the error whether an action runs without `operation.lock`. */
export type GoesOnWithout = (reason: ClaudeMemError) => boolean;

/** The operations of `start`, `stop` and `status` on a data dir. */
export interface TreeContext {
  /** @throws ClaudeMemError `not-owner`, `data-dir`. */
  prepareDataDir(): Promise<void>;
  readonly connect: ConnectToSupervisor;
  lifecycle(): Promise<LifecyclePorts>;
  readonly worker: WorkerAccess;
  /** False if there is no browser to open. */
  openBrowser(url: string): Promise<boolean>;
  /** @throws ClaudeMemError `settings`. */
  start(options: StartEnvironment): Promise<StartPorts & Foreground>;
  /** Warnings to print before a start. */
  warnings(): readonly string[];
  /** The last log lines since the last spawn of a supervisor, which explain a failed start. */
  lastLogLines(count: number): readonly string[];
  /** The reason why a tree cannot be recorded now, if any. A tree needs a record, and on a full disk the log is silent. */
  whyUnrecordable(): string | undefined;
}

export interface Foreground {
  /** Resolves with the exit code of the last spawned supervisor; null if a signal ended it. */
  readonly supervisorEnded: () => Promise<number | null>;
}

export interface StartEnvironment {
  /** The name in the holder file of the operation lock: `claude-mem start`. */
  readonly command: string;
  readonly port?: number | undefined;
  /** Value of `--data-dir`, for the command lines in hints. */
  readonly dataDirFlag: string | undefined;
  readonly chroma: boolean;
  readonly watch: boolean;
  /** Keeps the supervisor in this terminal, and ends it with this command. */
  readonly foreground: boolean;
  readonly onProgress: (doing: string) => void;
}

/** A settings file of another program. */
export interface OpenJsonFile {
  readonly path: string;
  readonly value: Json;
  /**
   * @param dataDir receives the backup of a file in a repository. Another file has it beside itself.
   * @returns the path of the backup; null if there was no file.
   */
  edit(edits: readonly JsonEdit[], dataDir: string): Promise<string | null>;
  /**
   * Makes no backup. Deletes the file if nothing remains in it, unless it is the target of a link.
   * @returns whether the file was deleted.
   */
  remove(edits: readonly JsonEdit[]): Promise<boolean>;
}

/** The hook script of a data dir. */
export interface HookScriptFile {
  readonly path: string;
  /**
   * Also creates the data dir.
   * @throws ClaudeMemError `data-dir`, `not-owner`, `io`.
   */
  write(): Promise<void>;
}

/** An output file for a report. */
export interface ReportFile {
  write(text: string): void;
}

/** The logs of a data dir. */
export interface Logs {
  readonly names: () => readonly string[];
  /** Returns a function that reads the new lines since its last call. */
  readonly tail: (name: string) => () => readonly string[];
}

/** The environment of the scenarios. */
export interface ScenarioStage {
  readonly ports: StagePorts;
  /** Path of the real uvx; null if there is none. */
  readonly uvx: string | null;
  /** The reason why Chroma is unavailable; null if it should be available. */
  readonly whyNoChroma: string | null;
  /**
   * Removes the data dir.
   * @returns a sentence if the data dir could not be removed; undefined if it is gone.
   */
  readonly remove: () => string | undefined;
}

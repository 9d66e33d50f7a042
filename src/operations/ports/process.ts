import type { Manifest } from '../../core/tree/manifest.ts';
import type { OtherRegistry, ProcessRow, ProcessSnapshot } from '../../core/process/snapshot.ts';

/** What a reading of the process table is asked for. */
export interface SnapshotRequest {
  /** Resolved data dir: decides whose memory is measured and which `--data-dir` values are resolved. */
  readonly dataDir: string;
  /** Pids that some manifest or registry records; their rows matter whatever their name. */
  readonly recordedPids: ReadonlySet<number>;
  /** Start ticks of the oldest tree known; environments of older processes need not be read. Absent: read all. */
  readonly oldestTreeTicks?: number;
  /** Measure PSS and swap of processes of ours. Costs about 1 ms a process. */
  readonly memory: boolean;
}

/** Reads the process table of this machine. */
export interface ProcessTable {
  /** `procfs`, `ps-list` or `cim`. */
  readonly source: string;
  /**
   * One reading.
   * @throws ClaudeMemError `process-table-unreadable` when nothing could be listed or `/proc` is another namespace's.
   */
  snapshot(request: SnapshotRequest): Promise<ProcessSnapshot>;
}

/** SIGSTOP freezes: `verify` makes a process of its own tree unresponsive with it. No plan contains it. */
export type Signal = 'SIGTERM' | 'SIGKILL' | 'SIGSTOP';

/**
 * What became of one attempt to signal. Only `sent` means that the bound process got it. `exiting`: the same process, without the
 * command line it had, which goes first when a process ends: what it was can no longer be compared.
 */
export type SignalResult = 'sent' | 'exiting' | 'gone' | 'different' | 'unknown' | 'permission-denied';
/** Why nothing was bound. */
export type BindRefusal = Exclude<SignalResult, 'sent' | 'exiting'>;

/**
 * A process bound for good: a handle that can never come to mean another process. It is opened by `Signaller.bind`, which
 * reads the evidence again through it.
 */
export interface BoundProcess {
  readonly pid: number;
  /** Compares the identity again and, if it is `same`, sends. Synchronous: nothing may come between check and signal. */
  signal(signal: Signal): SignalResult;
  /** `gone` includes a zombie. */
  state(): 'alive' | 'gone' | 'unknown';
  close(): void;
}

export interface BindOptions {
  /**
   * Compare the command line too, now and at each signal: for a verdict that rests on the command line alone, because exec keeps
   * the identity.
   */
  readonly compareCommand: boolean;
}

/** The only road to a signal. */
export interface Signaller {
  /** How it closes the pid-reuse race: `pidfd`, `two-reads`, `ps`. */
  readonly method: string;
  /** Binds to the process of that row, provided it is still that process. */
  bind(row: ProcessRow, options: BindOptions): BoundProcess | BindRefusal;
}

/** What a reader of manifests found. */
export interface ManifestReading {
  readonly manifests: readonly Manifest[];
  /** Files that are there and could not be used. */
  readonly damaged: readonly DamagedManifest[];
}

export interface DamagedManifest {
  readonly file: string;
  /** `damaged`: not a manifest; `newer`: written by a later version; `unreadable`: permission or I/O. */
  readonly kind: 'damaged' | 'newer' | 'unreadable';
  readonly reason: string;
}

/** Everything recorded below the data dir that a judgement needs. */
export interface Records {
  /** Never throws for a single bad file; an unreadable folder is one `unreadable` item. */
  readManifests(): ManifestReading;
  readOtherRegistries(): readonly OtherRegistry[];
  /** Tree ids of the supervisors that answer on the control socket. */
  askAnswering(): Promise<readonly string[]>;
}

/**
 * Pids whose environment at exec held this variable with this value, as far as this user may see. It finds what a `verify` marked; the
 * readings that verdicts rest on never hold that mark.
 */
export type FindMarkHolders = (variable: string, value: string) => Promise<ReadonlySet<number>>;

/** How a command ended. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly signal: string; readonly signalNumber: number }
  /** It never ran: there is no such program, or it may not be executed. */
  | { readonly kind: 'not-started'; readonly why: 'not-found' | 'not-executable'; readonly reason: string };

export interface RunningCommand {
  /** Undefined if it could not be started. */
  readonly pid: number | undefined;
  readonly ended: Promise<CommandEnd>;
}

/** Runs a program with this process's stdin, stdout and stderr, and with these variables on top of its environment. */
export type RunCommand = (argv: readonly string[], env: Readonly<Record<string, string>>) => RunningCommand;

/** Monotonic time, injected so that tests need not wait. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Wall clock, ISO 8601. */
  date(): Date;
  sleep(ms: number): Promise<void>;
}

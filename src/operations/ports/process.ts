import type { Manifest, StoredIdentity } from '../../core/tree/manifest.ts';
import type { Channels } from '../../core/process/channels.ts';
import type { OtherRegistry, ProcessRow, ProcessSnapshot } from '../../core/process/snapshot.ts';

/** Options of one reading of the process table. */
export interface SnapshotRequest {
  /** Resolved data dir: selects the processes whose memory is measured and whose `--data-dir` is resolved. */
  readonly dataDir: string;
  /** Pids in manifests and registries; their rows are read in full under any name. */
  readonly recordedPids: ReadonlySet<number>;
  /** Start ticks of the oldest known tree; environments of older processes are not read. Absent: read all. */
  readonly oldestTreeTicks?: number;
  /** Measure PSS and swap of claude-mem processes, at about 1 ms per process. */
  readonly memory: boolean;
}

/** Reads the process table of this machine. */
export interface ProcessTable {
  /** `procfs`, `ps-list`, `native` or `cim`. */
  readonly source: string;
  /**
   * One reading.
   * @throws ClaudeMemError `process-table-unreadable` if no process could be listed, or if `/proc` belongs to another pid namespace.
   */
  snapshot(request: SnapshotRequest): Promise<ProcessSnapshot>;
  /** The channels of these processes, by pid. Absent if the system does not report them. */
  readChannels?(rows: readonly ProcessRow[]): Promise<ReadonlyMap<number, Channels>>;
  /** PSS and swap of these processes, by pid, at about 1 ms per process. Absent: a reading with `memory` measures them. */
  readMemory?(rows: readonly ProcessRow[]): ReadonlyMap<number, ProportionalMemory>;
}

/** An absent field could not be read. */
export type ProportionalMemory = Pick<ProcessRow, 'pssBytes' | 'swapBytes'>;

/** `verify` makes a process of its own tree unresponsive with SIGSTOP. No plan contains SIGSTOP. */
export type Signal = 'SIGTERM' | 'SIGKILL' | 'SIGSTOP';

/**
 * The result of one attempt to signal. Only `sent` means that the bound process got the signal. `exiting`: the same process is exiting
 * and has already lost its command line, so the command line can no longer be compared.
 */
export type SignalResult = 'sent' | 'exiting' | 'gone' | 'different' | 'unknown' | 'permission-denied';
/** Why no process was bound. */
export type BindRefusal = Exclude<SignalResult, 'sent' | 'exiting'>;

/**
 * A handle to one process that can never refer to another one. `Signaller.bind` opens it and reads the evidence again through it.
 */
export interface BoundProcess {
  readonly pid: number;
  /** Compares the identity again and sends the signal if it is `same`. Synchronous: no other code runs between check and signal. */
  signal(signal: Signal): SignalResult;
  /** `gone` includes a zombie. */
  state(): 'alive' | 'gone' | 'unknown';
  close(): void;
}

export interface BindOptions {
  /**
   * Compare the command line too, now and at each signal. Needed for a verdict that rests on the command line alone, because exec
   * changes the program but keeps the identity.
   */
  readonly compareCommand: boolean;
}

/** Sends every signal: no other module calls `process.kill`. */
export interface Signaller {
  /** Protection against pid reuse: `pidfd`, `two-reads`, `handle`, `ps` or `cim`. */
  readonly method: string;
  /** Binds to the row's process, if that process still has the row's identity. */
  bind(row: ProcessRow, options: BindOptions): BoundProcess | BindRefusal;
}

/** The manifests of a data dir. */
export interface ManifestReading {
  /** Without the retired ones. */
  readonly manifests: readonly Manifest[];
  /** Retired manifests, which are rarely needed: `readRetired` reads them. */
  readonly retired: readonly RetiredTree[];
  /** Files that could not be used. */
  readonly damaged: readonly DamagedManifest[];
}

/** The tree and the processes that a retired manifest names: the recorded ones and their owners. */
export interface RetiredTree {
  readonly treeId: string;
  readonly bootId?: string;
  readonly processes: readonly Pick<StoredIdentity, 'pid' | 'startTicks' | 'bootId'>[];
}

export interface DamagedManifest {
  readonly file: string;
  /** `damaged`: not a manifest; `newer`: written by a later version; `unreadable`: permission or I/O. */
  readonly kind: 'damaged' | 'newer' | 'unreadable';
  readonly reason: string;
}

/** The records of a data dir that a judgement needs. */
export interface Records {
  /** Never throws for a single bad file. An unreadable folder yields one `unreadable` item. */
  readManifests(): ManifestReading;
  /** The manifests of retired trees. There is none for a tree that was retired more than 7 days ago. */
  readRetired(treeIds: readonly string[]): Omit<ManifestReading, 'retired'>;
  readOtherRegistries(): readonly OtherRegistry[];
  /** The data dir to which the settings of the published plugin have moved its data, if it is another one. */
  readPluginDataDir?(): string | undefined;
  /** Tree ids of the supervisors that answer on the control socket. */
  askAnswering(): Promise<readonly string[]>;
}

/**
 * Finds the pids whose environment at exec contained this variable with this value, among the processes this user can read. `verify`
 * finds its mark this way; verdicts never use that mark.
 */
export type FindMarkHolders = (variable: string, value: string) => Promise<ReadonlySet<number>>;

/** How a command ended. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly signal: string; readonly signalNumber: number }
  /** The command never ran: no such program, or no permission to execute it. */
  | { readonly kind: 'not-started'; readonly why: 'not-found' | 'not-executable'; readonly reason: string };

export interface RunningCommand {
  /** Undefined if the command could not be started. */
  readonly pid: number | undefined;
  readonly ended: Promise<CommandEnd>;
}

/** Runs a program with this process's stdin, stdout and stderr, and adds these variables to the environment. */
export type RunCommand = (argv: readonly string[], env: Readonly<Record<string, string>>) => RunningCommand;

/** Monotonic time, injected so that tests need not wait. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Wall clock, ISO 8601. */
  date(): Date;
  sleep(ms: number): Promise<void>;
}

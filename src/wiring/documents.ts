// Rendered by `npm run docs` from the types of the documents.

export interface Channels {
  readonly stdin: 'closed' | 'open' | 'unknown';
  readonly stdout: 'closed' | 'open' | 'unknown';
}

export interface ChromaRecycles {
  /** Since the tree was started. */
  readonly count: number;
  /** ISO 8601. */
  readonly lastAt: string;
  readonly reason: string;
  /** Earliest next start of Chroma, ISO 8601; null: no delay. */
  readonly restsUntil: string | null;
  /** Whether the supervisor killed Chroma, because the worker did not end it in time. */
  readonly wasForced: boolean;
}

export interface DamagedManifest {
  readonly file: string;
  /** `damaged`: not a manifest; `newer`: written by a later version; `unreadable`: permission or I/O. */
  readonly kind: 'damaged' | 'newer' | 'unreadable';
  readonly reason: string;
}

export interface ErrorReport {
  readonly schemaVersion: 1;
  readonly command: string | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
  };
}

export interface Evidence {
  /** Kind of fact: `recorded`, `marked`, `owner-gone`, `tree-dead`, `adopted`, `pattern`, … API: add, never rename. */
  readonly kind: string;
  readonly detail: string;
}

export interface HealthItem {
  /** For programs: `count:worker`, `response:search`, `orphans`, `limit:chroma`, … */
  readonly id: string;
  readonly message: string;
  /** ISO 8601. */
  readonly since: string;
}

export interface LeakReport {
  readonly schemaVersion: 1;
  readonly command: 'leaks';
  readonly takenAt: string;
  readonly platform: string;
  readonly source: string;
  readonly complete: boolean;
  /** Processes with a role's name that could not be read in full. Those of another user do not make the reading incomplete. */
  readonly unreadable: number;
  readonly dataDir: string;
  readonly summary: LeakSummary;
  /** Leaked and unverified processes by the process that left them. */
  readonly groups: readonly ReportedGroup[];
  readonly processes: readonly ReportedProcess[];
  readonly staleEntries: readonly StaleEntry[];
  readonly damagedManifests: readonly {
    readonly file: string;
    readonly kind: string;
    readonly reason: string;
  }[];
}

export interface LeakSummary {
  readonly managed: number;
  readonly orphans: number;
  readonly excess: number;
  readonly unverified: number;
  readonly foreign: number;
  readonly zombies: number;
  readonly staleEntries: number;
  /** Number of leaks: a wrapper with its python is one leak. */
  readonly leaks: number;
  readonly leakedMemoryBytes: number;
}

export interface OtherRegistry {
  readonly file: string;
  /** The file's text; null if the file exists but could not be read. */
  readonly content: string | null;
}

export interface Outcome {
  readonly pid: number;
  readonly outcome: 'already-gone' | 'exited' | 'killed' | 'permission-denied' | 'pid-reused' | 'survived';
  /** The last signal sent; null if none was. */
  readonly signal: 'SIGKILL' | 'SIGSTOP' | 'SIGTERM' | null;
  /** Milliseconds from the first signal of the pass until the process was seen gone or the pass gave up. */
  readonly elapsedMs: number;
}

export interface PageLink {
  readonly url: string | null;
  readonly expiresAt: string | null;
  readonly error: string | null;
}

export interface ProcessRow {
  readonly pid: number;
  readonly ppid: number;
  /** Process group id. */
  readonly pgid?: number | undefined;
  /** Session id. */
  readonly sid?: number | undefined;
  /** Real user id of the owner. */
  readonly uid?: number | undefined;
  /** State letter as in `ps -o state` (`R S D T Z X I`). */
  readonly state?: string | undefined;
  /** Number of live threads. */
  readonly threads?: number | undefined;
  /** Inode of the pid namespace, digits only. */
  readonly pidNamespace?: string | undefined;
  /** Start in ticks: on Linux 100 a second since boot (`/proc/PID/stat` field 22), on Windows 10 million a second since 2020. */
  readonly startTicks?: number | undefined;
  /** Start on the wall clock, ISO 8601. Computed on Linux, so clock steps move it; `startTicks` is stable. */
  readonly startedAt: string;
  /** Short name of the process (`comm`). */
  readonly name: string;
  /** Path of the executable. */
  readonly executable?: string | undefined;
  readonly argv?: readonly string[] | undefined;
  /** The command line as one string, for people and for readers without argv. */
  readonly command: string;
  /** The command line is longer than the read limit: `command` is its beginning, `argv` is absent. Never compare it as a whole. */
  readonly commandCut?: true | undefined;
  /** The environment is longer than the read limit: marks beyond it are `null`. */
  readonly environmentCut?: true | undefined;
  /** `CLAUDE_MEM_TREE` of the environment at exec. */
  readonly treeMark?: string | null | undefined;
  /** `CLAUDE_MEM_OWNER` of the environment at exec. */
  readonly ownerMark?: string | null | undefined;
  /** `CLAUDE_MEM_ROLE` of the environment at exec. */
  readonly roleMark?: string | null | undefined;
  /** `CLAUDE_MEM_DATA_DIR` of the environment at exec, resolved. */
  readonly dataDirMark?: string | null | undefined;
  /** The resolved value of `--data-dir`, if it differs from the written one. */
  readonly roleDirectory?: string | undefined;
  /** Whether other processes hold the other ends of stdin and stdout. Read only where a verdict depends on it. */
  readonly channels?: Channels | undefined;
  /** CPU time used so far, user and system, in clock ticks. */
  readonly cpuTicks?: number | undefined;
  readonly rssBytes?: number | undefined;
  readonly pssBytes?: number | undefined;
  readonly swapBytes?: number | undefined;
}

export interface ReapReport {
  readonly schemaVersion: 1;
  readonly command: 'reap';
  readonly dryRun: boolean;
  readonly complete: boolean;
  readonly plan: readonly {
    readonly pid: number;
    readonly role: string | null;
    readonly verdict: 'excess' | 'foreign' | 'managed' | 'orphan' | 'unverified' | 'zombie';
    readonly treeId: string | null;
    readonly command: string;
    readonly evidence: readonly Evidence[];
  }[];
  /** The plan, by the process that left the leaks. */
  readonly groups: readonly ReportedGroup[];
  readonly skipped: readonly Skipped[];
  readonly outcomes: readonly Outcome[];
  readonly remaining: readonly ReportedProcess[];
  readonly tidied: readonly string[];
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
  } | null;
}

export interface ReportedChroma {
  readonly mode: 'keyword' | 'semantic';
  readonly uvx: string | null;
  /** The reason for keyword search; null for semantic search. */
  readonly reason: string | null;
}

export interface ReportedError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export interface ReportedGroup {
  readonly verdict: 'excess' | 'orphan' | 'unverified';
  readonly owner: {
    readonly pid: number;
    readonly role: 'chroma-search' | 'chroma-sync' | 'observer' | 'search' | 'setup' | 'supervisor' | 'worker' | null;
    readonly treeId: string | null;
    readonly presence: 'alive' | 'gone' | 'unknown';
    readonly goneSince: string | null;
  } | null;
  readonly sessionId: number | null;
  /** Number of leaks: one wrapper with its python is one leak. */
  readonly leaks: number;
  readonly pids: readonly number[];
  readonly memoryBytes: number | null;
  readonly oldestAgeSeconds: number;
  readonly evidence: readonly Evidence[];
}

export interface ReportedLeft {
  readonly pid: number;
  readonly ppid: number;
  readonly startedAt: string;
  readonly command: string;
  readonly foundBy: 'descent' | 'mark';
  /** The outcome of `--reap`; null if it did nothing. */
  readonly outcome: string | null;
  /** The reason why `--reap` did not end it, if any. */
  readonly protectedBy: string | null;
}

export interface ReportedMemory {
  readonly pssBytes: number | null;
  readonly rssBytes: number | null;
  readonly swapBytes: number | null;
  /** PSS + swap if readable, else RSS. RSS counts shared pages in full and omits swapped-out pages. */
  readonly totalBytes: number | null;
  readonly kind: 'pss+swap' | 'rss' | null;
}

export interface ReportedProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly role: string | null;
  readonly verdict: 'excess' | 'foreign' | 'managed' | 'orphan' | 'unverified' | 'zombie';
  readonly treeId: string | null;
  readonly startedAt: string;
  readonly ageSeconds: number;
  readonly uid: number | null;
  readonly command: string;
  readonly memory: ReportedMemory;
  readonly evidence: readonly Evidence[];
}

export interface ReportedRun {
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface ReportedScenario {
  readonly name: string;
  /** Null if it was skipped. */
  readonly passed: boolean | null;
  /** Process counts: before, the peak while it ran, and after the settle time. */
  readonly baseline: number | null;
  readonly during: number | null;
  readonly after: number | null;
  readonly settledMs: number | null;
  readonly elapsedMs: number;
  /** The reason for skipping, or a failure other than processes left behind. */
  readonly problem: string | null;
  readonly left: readonly ReportedLeft[];
  /** Processes left behind that `--allow` permits. */
  readonly allowed: readonly ReportedLeft[];
}

export interface Skipped {
  readonly pid: number;
  readonly reason: string;
}

export interface SnapshotDocument {
  readonly schemaVersion: 1;
  readonly kind: 'process-snapshot';
  readonly dataDir: string;
  readonly answering?: readonly string[] | undefined;
  /** Checked one by one, so that one bad manifest does not invalidate the snapshot. */
  readonly manifests: readonly unknown[];
  /** Manifests that could not be used where the snapshot was taken. */
  readonly damagedManifests?: readonly DamagedManifest[] | undefined;
  readonly otherRegistries?: readonly OtherRegistry[] | undefined;
  /** Time of the reading, ISO 8601. */
  readonly takenAt: string;
  /** "Now" in clock ticks since boot; ages are counted from it. */
  readonly nowTicks?: number | undefined;
  /** As `process.platform`. */
  readonly platform: string;
  /** Hash of the machine's id. Few comparisons need it, so a reader may compute it when it is asked for. */
  readonly machineId?: string | undefined;
  readonly bootId?: string | undefined;
  /** Pid namespace of the reader, digits only. */
  readonly pidNamespace?: string | undefined;
  /** Whether the listing of pids was complete. */
  readonly complete: boolean;
  /** Number of relevant rows whose stat or command line could not be read in full. */
  readonly unreadable: number;
  readonly self: {
    readonly pid: number;
    readonly uid?: number | undefined;
  };
  /** Largest difference between two readings of the same start, in milliseconds. 0: exact (ticks); about 1,000 for starts from `ps -o lstart`. */
  readonly startPrecisionMs?: number | undefined;
  readonly processes: readonly ProcessRow[];
}

export interface StaleEntry {
  readonly treeId: string;
  readonly role: string;
  readonly pid: number;
  readonly reason: string;
}

export interface StatusProcess {
  readonly role: string | null;
  readonly pid: number;
  readonly ppid: number;
  readonly state: string | null;
  readonly restarts: number | null;
  readonly uptimeSeconds: number;
  readonly cpuPercent: number | null;
  readonly memory: ReportedMemory;
}

export interface StatusReport {
  readonly schemaVersion: 1;
  readonly command: 'status';
  readonly running: boolean;
  readonly treeId: string | null;
  readonly startedAt: string | null;
  readonly version: string | null;
  readonly port: number | null;
  readonly state: string | null;
  readonly healthy: boolean | null;
  readonly restarts: number | null;
  /** Why the tree does not work; null if it does. */
  readonly problem: string | null;
  readonly dataDir: string;
  readonly processes: readonly StatusProcess[];
  readonly search: {
    readonly mode: 'keyword' | 'semantic';
    readonly reason: string | null;
  };
  /** Breaches that last; null if no supervisor reports them. */
  readonly health: readonly HealthItem[] | null;
  /** Null if Chroma was not recycled. */
  readonly chromaRecycles: ChromaRecycles | null;
  /** Set with `--open` only. */
  readonly page: PageLink | null;
}

export interface VerifyReport {
  readonly schemaVersion: 1;
  readonly command: 'verify';
  readonly passed: boolean;
  /** False if the process table could not be read completely. Then `passed` is false too. */
  readonly complete: boolean;
  /** The command; null for scenarios. */
  readonly run: ReportedRun | null;
  /** The Chroma that the scenarios used; null for a command. */
  readonly chroma: ReportedChroma | null;
  /** The processes that this machine cannot detect, as a sentence; null if it detects all. */
  readonly blindSpot: string | null;
  readonly scenarios: readonly ReportedScenario[];
  readonly error: ReportedError | null;
}

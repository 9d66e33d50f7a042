import type { ProcessRow } from '../../core/process/snapshot.ts';
import type { Settings } from '../../core/settings.ts';
import type { Observation } from '../observe/observe.ts';
import type { TreeStatus } from '../tree/tree-lifecycle.ts';

/** What the checks need of the machine. Nothing here writes; `cli/doctor-main.ts` picks the adapters. */
export interface DoctorPorts {
  readonly place: DoctorPlace;
  readonly folder: FolderPort;
  readonly tree: TreePort;
  readonly chroma: ChromaPort;
  readonly machine: MachinePort;
  readonly others: OthersPort;
  readonly logs: LogsPort;
}

export interface DoctorPlace {
  /** Resolved; as written where it cannot be used. */
  readonly dataDir: string;
  /** Why the data dir cannot be used. */
  readonly dataDirProblem: { readonly message: string; readonly hint: string | undefined } | undefined;
  /** Of this program. */
  readonly version: string;
  readonly platform: NodeJS.Platform;
  readonly node: { readonly version: string; readonly file: string };
  /** Effective user id; undefined where there are none. */
  readonly uid: number | undefined;
  /** A command line of ours, for this data dir: `claude-mem reap`. */
  readonly commandLine: (...words: readonly string[]) => string;
}

export interface FolderFacts {
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
  readonly isWritable: boolean;
}

export interface FolderPort {
  /** What lets other users write below a data dir, in words; nothing acts there. */
  readonly openPlaces: (dataDir: string) => readonly string[];
  /** Files of other users that stand where ours do; none of them is read. */
  readonly strangers: (dataDir: string) => readonly string[];
  /** Undefined if it does not exist. */
  readonly facts: (path: string) => Promise<FolderFacts | undefined>;
  /** Of the file system it lies on, or would lie on. Zero inodes in all: it has no fixed number of them. */
  readonly space: (
    path: string,
  ) => Promise<{ readonly freeBytes: number; readonly freeInodes: number; readonly inodes: number }>;
  /** Type of the network file system it lies on; undefined if on none. */
  readonly networkType: (path: string) => string | undefined;
}

/** What a worker says on `/ready`. */
export interface WorkerReadiness {
  readonly search: { readonly mode: string; readonly reason: string | null };
  readonly searchServer: { readonly state: string; readonly pid: number | null; readonly restarts: number };
}

export interface TreePort {
  /** Records, process table, control socket; with memory. */
  readonly observe: () => Promise<Observation>;
  /** @throws ClaudeMemError `settings`. */
  readonly readSettings: () => Settings;
  /** Undefined if no supervisor answers. */
  readonly askSupervisor: () => Promise<TreeStatus | undefined>;
  /** What the worker answers on its socket. @throws Error when nothing answers, or no worker. */
  readonly askHealth: (signal: AbortSignal) => Promise<{ treeId: string; pid: number; version: string }>;
  /** With the token of the data dir. @throws Error. */
  readonly askReady: (signal: AbortSignal) => Promise<WorkerReadiness>;
  /** Whether anything listens there. */
  readonly isPortOpen: (host: string, port: number, signal: AbortSignal) => Promise<boolean>;
  /** Who listens, as far as this user may see. */
  readonly findListener: (port: number) => ProcessRow | undefined;
}

/** Chroma's parts on this machine. What it starts is bounded by the signal and ended by identity; nothing is fetched. */
export interface ChromaPort {
  /** Where a uvx is; with the PATH given instead of this process's. */
  readonly findUvx: (path?: string) => { readonly file: string } | { readonly reason: string };
  /** `uvx 0.13.9`. @throws Error when it does not work. */
  readonly askVersion: (signal: AbortSignal) => Promise<string>;
  /** The Python uv would take; undefined where there is no uv to ask beside uvx. @throws Error when there is none. */
  readonly findPython: (signal: AbortSignal) => Promise<string | undefined>;
  /** Whether Chroma's packages are in uv's cache. @throws Error when they are and do not work. */
  readonly arePackagesCached: (signal: AbortSignal) => Promise<boolean>;
  /** Why the embedding model cannot be used; undefined if it can. */
  readonly modelProblem: () => string | undefined;
  readonly modelFolder: string;
}

export interface MachineMemory {
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
  /** Percent of the last minute in which something waited for memory; undefined where the kernel does not tell. */
  readonly pressurePercent: number | undefined;
  /** What the container or service may use; undefined without a limit. */
  readonly limitBytes: number | undefined;
  readonly usedOfLimitBytes: number | undefined;
}

/** A limit and how much of it is used; undefined: unlimited, or not known here. */
export interface Limit {
  readonly most: number;
  readonly used: number | undefined;
  /** Whose limit it is, in words. */
  readonly of: string;
}

/** What makes a tree leak-proof on this machine. */
export interface Guards {
  /** The kernel ends Chroma when its owner dies. */
  readonly parentDeath: boolean;
  /** Orphans of a tree come to its supervisor. */
  readonly subreaper: boolean;
  /** koffi is there. */
  readonly native: boolean;
  /** How signals are sent: `pidfd`, `two-reads`, `ps`. */
  readonly signals: string;
  /** The boot can be told from others. */
  readonly bootId: boolean;
}

export interface MachinePort {
  /** Undefined where this system does not tell. */
  readonly memory: () => MachineMemory | undefined;
  readonly limits: () => { readonly openFiles: Limit | undefined; readonly processes: readonly Limit[] };
  readonly guards: () => Promise<Guards>;
  /** Rejects when it is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What a PM2 of this user holds of claude-mem. */
export interface Pm2Leftovers {
  /** Names of apps in its saved list, which it starts at the next boot. */
  readonly saved: readonly string[];
  readonly folder: string;
}

export interface OthersPort {
  readonly pm2: () => Pm2Leftovers | undefined;
}

export interface LogsPort {
  /** The last lines of each log of the data dir, as they stand there. */
  readonly lastLines: (count: number) => ReadonlyMap<string, readonly string[]>;
}

import type { ProcessRow } from '../../core/process/snapshot.ts';
import type { Settings } from '../../core/settings.ts';
import type { Observation } from '../observe/observe.ts';
import type { GuardStatus } from '../guard/guard-status.ts';
import type { PortProblem } from './port-use.ts';
import type { TreeStatus } from '../tree/tree-lifecycle.ts';

/** The ports of the checks. No port writes. */
export interface DoctorPorts {
  readonly target: DoctorTarget;
  readonly folder: FolderPort;
  readonly tree: TreePort;
  readonly chroma: ChromaPort;
  readonly machine: MachinePort;
  readonly others: OthersPort;
  readonly logs: LogsPort;
}

export interface DoctorTarget {
  /** Resolved; as written if it is unusable. */
  readonly dataDir: string;
  /** Why the data dir is unusable. */
  readonly dataDirProblem: { readonly message: string; readonly hint: string | undefined } | undefined;
  /** Version of this program. */
  readonly version: string;
  readonly platform: NodeJS.Platform;
  readonly node: { readonly version: string; readonly file: string };
  /** Effective user id; undefined on systems without user ids. */
  readonly uid: number | undefined;
  /** Builds a command line for this data dir, such as `claude-mem reap`. */
  readonly commandLine: (...words: readonly string[]) => string;
}

export interface FolderFacts {
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
  readonly isWritable: boolean;
}

/** The users that may use a folder besides its owner and administrators, by name or SID. Windows has lists in the place of modes. */
export interface FolderAccess {
  readonly isOwn: boolean;
  readonly writers: readonly string[];
  readonly readers: readonly string[];
}

/** The lists of users of folders. */
export interface AccessLists {
  /** Undefined if the folder does not exist, or if Windows does not tell. */
  readonly read: (path: string) => FolderAccess | undefined;
  /** Lets only this user, administrators and Windows use a folder and what inherits from it. @returns whether Windows accepted it. */
  readonly close: (path: string) => boolean;
  /** Makes a folder that is closed from its first moment. @returns whether it was made; not if it exists. */
  readonly makeFolder: (path: string) => boolean;
}

export interface FolderPort {
  /** Undefined on systems whose modes tell it. */
  readonly access?: (path: string) => FolderAccess | undefined;
  /** Folders and files that other users can write, in words. While there is one, no command acts on the data dir. */
  readonly pathsOpenToOthers: (dataDir: string) => readonly string[];
  /** Files of other users under the names of claude-mem's own files. They are never read. */
  readonly strangers: (dataDir: string) => readonly string[];
  /** Undefined if it does not exist. */
  readonly facts: (path: string) => Promise<FolderFacts | undefined>;
  /** Free space of the path's file system; the path need not exist. `inodes` is 0 on a file system without a fixed number of inodes. */
  readonly space: (
    path: string,
  ) => Promise<{ readonly freeBytes: number; readonly freeInodes: number; readonly inodes: number }>;
  /** Type of the path's file system if that is a network file system. */
  readonly networkType: (path: string) => string | undefined;
}

/** A worker's answer on `/ready`. */
export interface WorkerReadiness {
  readonly search: { readonly mode: string; readonly reason: string | null };
  readonly searchServer: { readonly state: string; readonly pid: number | null; readonly restarts: number };
}

export interface TreePort {
  /** Reads records, process table (with memory) and control socket. */
  readonly observe: () => Promise<Observation>;
  /** @throws ClaudeMemError `settings`. */
  readonly readSettings: () => Settings;
  /** Undefined if no supervisor answers. */
  readonly askSupervisor: () => Promise<TreeStatus | undefined>;
  /** Asks the worker on its socket. @throws Error if no worker answers. */
  readonly askHealth: (signal: AbortSignal) => Promise<{ treeId: string; pid: number; version: string }>;
  /** Asks the worker with the data dir's token. @throws Error if no worker answers. */
  readonly askReady: (signal: AbortSignal) => Promise<WorkerReadiness>;
  /** Whether a process listens on the port. */
  readonly isPortOpen: (host: string, port: number, signal: AbortSignal) => Promise<boolean>;
  /** Tries to listen on the port, as `start` does. Undefined if it is free. */
  readonly findPortProblem: (address: {
    readonly host: string;
    readonly port: number;
  }) => Promise<PortProblem | undefined>;
  /** The process that listens on the port; undefined if this user cannot see it. */
  readonly findListener: (port: number) => ProcessRow | undefined;
}

/** Chroma's parts on this machine. An aborted signal ends every program that a method started. Nothing is downloaded. */
export interface ChromaPort {
  /** Finds uvx. @param path replaces this process's PATH. */
  readonly findUvx: (path?: string) => { readonly file: string } | { readonly reason: string };
  /** Such as `uvx 0.13.9`. @throws Error if uvx does not work. */
  readonly askVersion: (signal: AbortSignal) => Promise<string>;
  /** The Python that uv would use; undefined if there is no uv next to uvx. @throws Error if no Python is suitable. */
  readonly findPython: (signal: AbortSignal) => Promise<string | undefined>;
  /** Whether Chroma's packages are in uv's cache. @throws Error if they are there but do not work. */
  readonly arePackagesCached: (signal: AbortSignal) => Promise<boolean>;
  /** Why the embedding model is unusable; undefined if it is usable. */
  readonly modelProblem: () => string | undefined;
  readonly modelFolder: string;
}

export interface MachineMemory {
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
  /** Percent of the last minute in which a process waited for memory; undefined if the kernel does not report it. */
  readonly pressurePercent: number | undefined;
  /** Memory limit of the container or service; undefined without a limit. */
  readonly limitBytes: number | undefined;
  readonly usedOfLimitBytes: number | undefined;
}

/** A limit and its use. */
export interface Limit {
  readonly most: number;
  /** Undefined: unknown. */
  readonly used: number | undefined;
  /** The resource that is limited, in words. */
  readonly of: string;
}

/** Safety features of this machine. */
export interface SafetyFeatures {
  /** The kernel ends Chroma when its owner dies. */
  readonly parentDeath: boolean;
  /** The supervisor is a child subreaper: orphans of its tree are re-parented to it. */
  readonly subreaper: boolean;
  /** koffi is installed. */
  readonly native: boolean;
  /** How signals are sent: `pidfd`, `two-reads`, `ps`. */
  readonly signals: string;
  /** Windows ends the tree together with its supervisor. */
  readonly job?: boolean;
  /** The boot id is readable. */
  readonly bootId: boolean;
}

export interface MachinePort {
  /** Undefined if the system does not report it. */
  readonly memory: () => MachineMemory | undefined;
  readonly limits: () => { readonly openFiles: Limit | undefined; readonly processes: readonly Limit[] };
  readonly safetyFeatures: () => Promise<SafetyFeatures>;
  /** Rejects on abort. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** claude-mem apps in this user's PM2. */
export interface Pm2Leftovers {
  /** Names of the apps in its saved list; PM2 starts them at the next boot. */
  readonly saved: readonly string[];
  readonly folder: string;
}

/** A hook of Claude Code that runs claude-mem. */
export interface InstalledHook {
  readonly event: string;
  readonly command: string;
  /** Path of the settings that contain it. */
  readonly settings: string;
  /** The first program or file of its command that does not exist. */
  readonly missing: string | undefined;
  /** The file of another program that a shell finds under the name of this one. */
  readonly otherProgram: string | undefined;
  /** Whether it runs the hook script of another, older version. */
  readonly isOld: boolean;
}

export interface InstalledHooks {
  /** Why settings of Claude Code cannot be read. */
  readonly problem: string | undefined;
  /** Of the user, of the project in the current folder, and of the user for that project. Claude Code runs all of them. */
  readonly hooks: readonly InstalledHook[];
}

export interface OthersPort {
  readonly hooks: () => InstalledHooks;
  /** The guard of this data dir. */
  readonly guard: () => Promise<GuardStatus>;
  readonly pm2: () => Pm2Leftovers | undefined;
}

export interface LogsPort {
  /** The last lines of each log of the data dir, unparsed. */
  readonly lastLines: (count: number) => ReadonlyMap<string, readonly string[]>;
}

import type { ProcessRow, ProcessSnapshot } from '../core/process/snapshot.ts';
import type { AccessLists, MachinePort } from '../operations/ports/doctor.ts';
import type { FindMarkHolders, ProcessTable, Signaller } from '../operations/ports/process.ts';
import type { IdentifyProcess, MeasureProcess, OwnIdentity } from '../operations/ports/tree.ts';
import type { PortKnowledge } from './port-check.ts';

/** The adapters of one platform. */
export interface Platform {
  readonly table: ProcessTable;
  /**
   * The same table for repeated reading, which does not read everything every time.
   * @param fullEveryMs how long an exec in an unrelated process may go unnoticed, in milliseconds; default 20,000.
   */
  readonly follow: (fullEveryMs?: number) => ProcessTable;
  readonly signaller: Signaller;
  /** Machine, boot and pid namespace, as in the snapshots of `table`; unknown values are absent. */
  readonly readMachine: () => Pick<ProcessSnapshot, 'machineId' | 'bootId' | 'pidNamespace'>;
  readonly identify: IdentifyProcess;
  /** Null if measuring one process costs as much as reading the whole table. */
  readonly measure: MeasureProcess | null;
  /** The process that listens on a TCP port of this machine, if this user may see it. */
  readonly findListener: (port: number) => ProcessRow | undefined;
  /** Finds out what keeps this machine from listening on an address; undefined if this is unknown. */
  readonly findPortUse: PortKnowledge['findPortUse'];
  /** Undefined if the system does not tell. */
  readonly outgoingPorts: PortKnowledge['outgoingPorts'];
  /** The access lists of folders, on a system without modes; undefined elsewhere, and if they cannot be read. */
  readonly accessLists: AccessLists | undefined;
  /** Subreaper functions for a root process; null if the system or an optional package lacks them. */
  readonly loadAdoption: () => OrphanAdoption | null;
  /**
   * Makes the system keep a list of all processes that this process and its descendants start from now on, and returns a function that
   * reads it. Null if the system has no such list.
   */
  readonly trackDescendants: () => (() => ReadonlySet<number>) | null;
  /**
   * Makes the system end processes together with this one, and returns a function that adds a child of this process and all that the
   * child starts from then on. Null if the system cannot.
   */
  readonly endWithSelf: () => ((pid: number) => boolean) | null;
  /** Memory and limits of the machine; undefined if the system does not report them. */
  readonly load: MachineLoad | undefined;
  readonly findMarkHolders: FindMarkHolders;
}

export interface MachineLoad {
  readonly memory: MachinePort['memory'];
  readonly limits: MachinePort['limits'];
}

/** The kernel re-parents orphaned descendants to this process (subreaper). */
export interface OrphanAdoption {
  /** @returns whether the kernel accepted the request. */
  become(): boolean;
  /** Undoes `become`. Processes that were adopted stay children of this process. */
  resign(): void;
  /** Waits for an adopted process that has exited, without blocking. */
  waitFor(pid: number): void;
  /** The pids of all children of this process; undefined if the kernel does not list them. */
  listChildren(): readonly number[] | undefined;
  /** The same without the children that other threads spawned. The kernel re-parents orphans to the main thread. */
  listMainChildren(): readonly number[] | undefined;
  /** Whether a child is a zombie. */
  hasEnded(pid: number): boolean;
}

/**
 * A new platform is one folder and one line here. Loaded on demand, so that no platform loads another one's libraries.
 */
const platforms = {
  linux: loadLinux,
  // Termux is a Linux with a /proc, under another name.
  android: loadLinux,
  darwin: loadPortable,
  win32: loadWindows,
} satisfies Partial<Record<NodeJS.Platform, () => Promise<Platform>>>;

/** The adapters of this platform. An unknown platform gets the adapters for any POSIX system with ps. */
export function loadPlatform(platform: NodeJS.Platform = process.platform): Promise<Platform> {
  return isSupported(platform) ? platforms[platform]() : loadPortable();
}

async function loadLinux(): Promise<Platform> {
  const [
    { createProcfsTable },
    { createProcfsFollower },
    { createLinuxSignaller },
    { readMachineIdentity },
    { identifyProcess },
    { findListener, findPortUse, readOutgoingPorts },
    { measureProcess },
    native,
    load,
    { findMarkHolders },
    children,
  ] = await Promise.all([
    import('./linux/table/procfs-table.ts'),
    import('./linux/follow/procfs-follower.ts'),
    import('./linux/signal/signaller.ts'),
    import('./linux/machine/machine.ts'),
    import('./linux/table/identify.ts'),
    import('./linux/machine/listener.ts'),
    import('./linux/table/measure.ts'),
    import('./linux/signal/native.ts'),
    import('./linux/machine/machine-load.ts'),
    import('./linux/table/mark-holders.ts'),
    import('./linux/signal/own-children.ts'),
  ]);
  return {
    table: createProcfsTable(),
    follow: (fullEveryMs) => createProcfsFollower(fullEveryMs === undefined ? {} : { fullEveryMs }),
    signaller: createLinuxSignaller(),
    readMachine: () => readMachineIdentity('/proc'),
    identify: identifyProcess,
    measure: measureProcess,
    findListener,
    findPortUse,
    outgoingPorts: readOutgoingPorts,
    accessLists: undefined,
    loadAdoption: () => {
      const calls = native.loadLinuxNative();
      return calls === null
        ? null
        : {
            become: () => calls.setChildSubreaper(),
            waitFor: (pid) => void calls.waitPid(pid),
            listChildren: children.listOwnChildren,
            resign: () => {
              calls.unsetChildSubreaper();
            },
            listMainChildren: children.listMainChildren,
            hasEnded: children.hasEnded,
          };
    },
    trackDescendants: () => null,
    endWithSelf: () => null,
    load: { memory: () => load.readMachineMemory(), limits: () => load.readMachineLimits() },
    findMarkHolders,
  };
}

async function loadPortable(): Promise<Platform> {
  const [
    { createPsListTable },
    { createPsSignaller },
    { readPortableMachine },
    { identifyByPs },
    { findListenerByLsof },
    { findMarkHoldersByPs },
  ] = await Promise.all([
    import('./posix/ps-list-table.ts'),
    import('./posix/ps-signaller.ts'),
    import('./posix/machine.ts'),
    import('./posix/identify.ts'),
    import('./posix/listener.ts'),
    import('./posix/mark-holders.ts'),
  ]);
  return {
    table: createPsListTable(),
    follow: () => createPsListTable(),
    signaller: createPsSignaller(),
    readMachine: readPortableMachine,
    identify: identifyByPs,
    measure: null,
    findListener: (port) => findListenerByLsof(port),
    findPortUse: ({ port }) => {
      const process = findListenerByLsof(port);
      return process === undefined ? undefined : { kind: 'listens', process };
    },
    outgoingPorts: () => undefined,
    accessLists: undefined,
    loadAdoption: () => null,
    trackDescendants: () => null,
    endWithSelf: () => null,
    load: undefined,
    findMarkHolders: findMarkHoldersByPs,
  };
}

async function loadWindows(): Promise<Platform> {
  // A file of its own in the built program, so that no other system reads it.
  const { createWindowsAdapters } = await import('./windows/adapters.ts');
  return createWindowsAdapters();
}

/** The identity of this process, for its children's marks and for its manifest. */
export function identifySelf(platform: Platform): OwnIdentity {
  const row = platform.identify(process.pid);
  return {
    pid: process.pid,
    startTicks: row?.startTicks,
    startedAt: row?.startedAt ?? new Date(Date.now() - process.uptime() * 1000).toISOString(),
    scope: platform.readMachine(),
  };
}

function isSupported(platform: NodeJS.Platform): platform is keyof typeof platforms {
  return Object.hasOwn(platforms, platform);
}

import type { ProcessRow, ProcessSnapshot } from '../core/process/snapshot.ts';
import type { MachinePort } from '../operations/ports/doctor.ts';
import type { FindMarkHolders, ProcessTable, Signaller } from '../operations/ports/process.ts';
import type { IdentifyProcess, MeasureProcess, OwnIdentity } from '../operations/ports/tree.ts';

/** What one platform has to offer. */
export interface Platform {
  readonly table: ProcessTable;
  /**
   * The same table for somebody who reads it again and again, and need not read everything every time.
   * @param fullEveryMs how long an exec in a process that had nothing to do with us may stay unseen, in milliseconds; 10,000 unless told.
   */
  readonly follow: (fullEveryMs?: number) => ProcessTable;
  readonly signaller: Signaller;
  /** Machine, boot and pid namespace, as the snapshots of `table` name them; what cannot be known is absent. */
  readonly readMachine: () => Pick<ProcessSnapshot, 'machineId' | 'bootId' | 'pidNamespace'>;
  readonly identify: IdentifyProcess;
  /** Null where a reading of the whole table costs as much. */
  readonly measure: MeasureProcess | null;
  /** Who listens on a TCP port of this machine, as far as this user may see. */
  readonly findListener: (port: number) => ProcessRow | undefined;
  /** What a root needs to get the orphans of its tree; null where the system or an optional package lacks it. */
  readonly loadAdoption: () => OrphanAdoption | null;
  /** Memory and limits of the machine; undefined where this system does not tell. */
  readonly load: MachineLoad | undefined;
  readonly findMarkHolders: FindMarkHolders;
}

export interface MachineLoad {
  readonly memory: MachinePort['memory'];
  readonly limits: MachinePort['limits'];
}

/** The kernel gives orphans among the descendants of this process to it. */
export interface OrphanAdoption {
  /** @returns whether the kernel agreed. */
  become(): boolean;
  /** Waits, without blocking, for an adopted process that has ended. */
  waitFor(pid: number): void;
  /** The pids of all children of this process; undefined where the kernel does not list them. */
  listChildren(): readonly number[] | undefined;
}

type SupportedPlatform = 'linux' | 'android' | 'darwin' | 'win32';

/** A new platform is one folder and one line here. Loaded when chosen: no platform pays for the libraries of another. */
const platforms = {
  linux: loadLinux,
  // Termux: a Linux with a /proc, under another name.
  android: loadLinux,
  darwin: loadPortable,
  win32: loadWindows,
} satisfies Record<SupportedPlatform, () => Promise<Platform>>;

/** The adapters of this platform. One that is not in the table gets what any POSIX system with a ps can give. */
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
    { findListener },
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
    loadAdoption: () => {
      const calls = native.loadLinuxNative();
      return calls === null
        ? null
        : {
            become: () => calls.setChildSubreaper(),
            waitFor: (pid) => void calls.waitPid(pid),
            listChildren: children.listOwnChildren,
          };
    },
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
    loadAdoption: () => null,
    load: undefined,
    findMarkHolders: findMarkHoldersByPs,
  };
}

async function loadWindows(): Promise<Platform> {
  const [{ createCimTable }, { createCimSignaller }] = await Promise.all([
    import('./windows/cim-table.ts'),
    import('./windows/cim-signaller.ts'),
  ]);
  // Nothing is started on Windows, so no record of ours has to be compared there.
  return {
    table: createCimTable(),
    follow: () => createCimTable(),
    signaller: createCimSignaller(),
    readMachine: () => ({}),
    identify: () => undefined,
    measure: null,
    findListener: () => undefined,
    loadAdoption: () => null,
    load: undefined,
    // Windows shows nobody's environment.
    findMarkHolders: () => Promise.resolve(new Set()),
  };
}

/** Who this process is, as it names itself to what it spawns and in its manifest. */
export function identifySelf(platform: Platform): OwnIdentity {
  const row = platform.identify(process.pid);
  return {
    pid: process.pid,
    startTicks: row?.startTicks,
    startedAt: row?.startedAt ?? new Date(Date.now() - process.uptime() * 1000).toISOString(),
    place: platform.readMachine(),
  };
}

function isSupported(platform: NodeJS.Platform): platform is SupportedPlatform {
  return Object.hasOwn(platforms, platform);
}

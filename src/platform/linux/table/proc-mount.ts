import { readProcLink } from './proc-file.ts';
import { eachProcLine, readProcText } from './proc-text.ts';

/** The fields of this process's `status` that determine what it may see. */
export interface ReaderStatus {
  /** Pids of this process in the namespace of this `/proc` and in each nested one down to its own. */
  readonly pids: readonly number[];
  /** Whether this process has CAP_SYS_PTRACE, which overrides hidepid. */
  readonly mayTrace: boolean;
}

export interface ProcMountOptions {
  /** 0: nothing hidden, 1: contents, 2: also pids, 4: everything this process may not trace. */
  readonly hidepid: number;
  /** The group whose members see everything. */
  readonly gid: number;
}

const CAP_SYS_PTRACE = 19n;
const HIDEPID_WORDS: Readonly<Record<string, number>> = { off: 0, noaccess: 1, invisible: 2, ptraceable: 4 };

/**
 * Whether this `/proc` belongs to another pid namespace, or is not a procfs: its pids then differ from those of `kill`.
 */
export function isForeignProc(procRoot = '/proc'): boolean {
  if (readProcLink(`${procRoot}/self`) !== String(process.pid)) return true;
  // The numbers can be equal by chance. An outer /proc lists one pid per nested namespace.
  return (readReaderStatus(procRoot)?.pids.length ?? 1) > 1;
}

/** Whether this `/proc` can hide processes of this pid namespace, so that a missing pid proves nothing. */
export function hidesPids(procRoot = '/proc'): boolean {
  const { options, isKnown } = readProcMount(procRoot);
  // An unreadably long mount table may contain an option that hides processes.
  if (!isKnown) return true;
  if (options === undefined || options.hidepid < 2) return false;
  if (readReaderStatus(procRoot)?.mayTrace === true) return false;
  // hidepid=4 ignores the group.
  return options.hidepid >= 4 || !ownGroups().includes(options.gid);
}

/** The options of the last procfs mounted on this mount point, from the text of `mountinfo` (proc_pid_mountinfo(5)). */
export function parseProcMount(mountinfo: string, mountPoint: string): ProcMountOptions | undefined {
  return parseMountLine(mountinfo.split('\n').findLast((line) => isMountedOn(line, mountPoint)));
}

/** Line by line, because a host with many containers has a table of a megabyte. */
function readProcMount(procRoot: string): {
  readonly options: ProcMountOptions | undefined;
  readonly isKnown: boolean;
} {
  let last: string | undefined;
  const end = eachProcLine(`${procRoot}/self/mountinfo`, (line) => {
    if (isMountedOn(line, procRoot)) last = line;
  });
  return { options: parseMountLine(last), isKnown: end !== 'cut' };
}

function isMountedOn(line: string, mountPoint: string): boolean {
  return line.split(' ', 5)[4] === mountPoint;
}

function parseMountLine(line: string | undefined): ProcMountOptions | undefined {
  const [type, , options] = line?.split(' - ')[1]?.split(' ') ?? [];
  if (type !== 'proc') return undefined;
  const valueOf = (name: string): string | undefined =>
    options
      ?.split(',')
      .find((option) => option.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  const hidepid = valueOf('hidepid') ?? '0';
  return { hidepid: HIDEPID_WORDS[hidepid] ?? Number(hidepid), gid: Number(valueOf('gid') ?? 0) };
}

/** Parses the text of `/proc/self/status`. */
export function parseReaderStatus(status: string): ReaderStatus {
  const pids = /^NSpid:\s+(\S.*)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? [];
  const capabilities = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return { pids, mayTrace: ((capabilities >> CAP_SYS_PTRACE) & 1n) === 1n };
}

function readReaderStatus(procRoot: string): ReaderStatus | undefined {
  const text = readProcText(`${procRoot}/self/status`);
  return text === undefined ? undefined : parseReaderStatus(text);
}

function ownGroups(): readonly number[] {
  return [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])];
}

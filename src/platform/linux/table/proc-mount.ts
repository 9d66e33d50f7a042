import { readProcLink } from './proc-file.ts';
import { eachProcLine, readProcText } from './proc-text.ts';

/** What our own `status` says that decides what we may see. */
export interface ReaderStatus {
  /** Our pid in the namespace of this `/proc`, and in each one below it down to our own. */
  readonly pids: readonly number[];
  /** Whether we hold CAP_SYS_PTRACE, which sees through hidepid. */
  readonly mayTrace: boolean;
}

export interface ProcMountOptions {
  /** 0 nothing hidden, 1 contents, 2 pids too, 4 all that we may not trace. */
  readonly hidepid: number;
  /** Group whose members see everything. */
  readonly gid: number;
}

const CAP_SYS_PTRACE = 19n;
const HIDEPID_WORDS: Readonly<Record<string, number>> = { off: 0, noaccess: 1, invisible: 2, ptraceable: 4 };

/**
 * Whether this `/proc` belongs to another pid namespace than ours, or is no procfs at all: its pids mean other processes than
 * `kill` does.
 */
export function isForeignProc(procRoot = '/proc'): boolean {
  if (readProcLink(`${procRoot}/self`) !== String(process.pid)) return true;
  // The two numbers can be equal by chance; an outer /proc then lists our pid once for every namespace on the way.
  return (readReaderStatus(procRoot)?.pids.length ?? 1) > 1;
}

/** Whether this `/proc` can keep processes of our namespace from us, so that a pid not listed proves nothing. */
export function hidesPids(procRoot = '/proc'): boolean {
  const { options, isKnown } = readProcMount(procRoot);
  // A table of mounts too long to be read may hold one that hides them.
  if (!isKnown) return true;
  if (options === undefined || options.hidepid < 2) return false;
  if (readReaderStatus(procRoot)?.mayTrace === true) return false;
  // hidepid=4 heeds no group.
  return options.hidepid >= 4 || !ownGroups().includes(options.gid);
}

/** The options of the procfs mounted last on that mount point, from the text of `mountinfo` (proc_pid_mountinfo(5)). */
export function parseProcMount(mountinfo: string, mountPoint: string): ProcMountOptions | undefined {
  return parseMountLine(mountinfo.split('\n').findLast((line) => isMountedOn(line, mountPoint)));
}

/** Line by line: a host of many containers has a table of a megabyte. */
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

/** Parses the text of our own `/proc/self/status`. */
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

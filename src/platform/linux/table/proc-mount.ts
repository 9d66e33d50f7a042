import { type ProcMountOptions, parseMountLine } from './mount-line.ts';
import { readProcLink } from './proc-file.ts';
import { eachProcLine, readProcText } from './proc-text.ts';
import { parseReaderStatus, type ReaderStatus } from './reader-status.ts';

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

function readReaderStatus(procRoot: string): ReaderStatus | undefined {
  const text = readProcText(`${procRoot}/self/status`);
  return text === undefined ? undefined : parseReaderStatus(text);
}

function ownGroups(): readonly number[] {
  return [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])];
}

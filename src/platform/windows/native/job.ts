import { THIS_PROCESS, type WindowsNative } from './load-native.ts';
import { openProcess, RIGHTS } from './process-handle.ts';

const ALL_ACCESS = 0x1f_001f;
const CLASS_PROCESS_IDS = 3;
/** Two counts of 32 bits, then pids of 64 bits. */
const HEAD_BYTES = 8;
const PID_BYTES = 8;
const MOST_PIDS = 65_536;

const CLASS_EXTENDED_LIMITS = 9;
/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION. */
const LIMITS_BYTES = 144;
const LIMIT_FLAGS_AT = 16;
const KILL_ON_CLOSE = 0x2000;

/**
 * Makes a job that Windows ends together with this process, however it ends. Returns a function that puts a process into it; all that
 * the process starts from then on follows. Null if Windows refuses. This process is no member, and the handle is never closed: it ends
 * nothing by closing it, and no child inherits it.
 */
export function endWithThisProcess(native: WindowsNative): ((pid: number) => boolean) | null {
  const handle = Buffer.alloc(8);
  if (native.createJob(handle, ALL_ACCESS, null) < 0) return null;
  const job = Number(handle.readBigInt64LE());
  const limits = Buffer.alloc(LIMITS_BYTES);
  limits.writeUInt32LE(KILL_ON_CLOSE, LIMIT_FLAGS_AT);
  if (native.limitJob(job, CLASS_EXTENDED_LIMITS, limits, limits.length) < 0) {
    native.close(job);
    return null;
  }
  return (pid) => {
    const member = openProcess(native, pid, RIGHTS.setQuota | RIGHTS.terminate);
    if (typeof member === 'string') return false;
    const isIn = native.assignToJob(job, member) >= 0;
    native.close(member);
    return isIn;
  };
}

/**
 * Puts this process into a new job, which every process that it starts from now on joins, and so on below. Returns a function that lists
 * the living members besides this process; null if Windows refuses. The job ends nothing when this process ends.
 */
export function trackByJob(native: WindowsNative): (() => ReadonlySet<number>) | null {
  const handle = Buffer.alloc(8);
  if (native.createJob(handle, ALL_ACCESS, null) < 0) return null;
  const job = Number(handle.readBigInt64LE());
  if (native.assignToJob(job, THIS_PROCESS) >= 0) return () => listMembers(native, job);
  native.close(job);
  return null;
}

/** Empty if the list cannot be read: the marks are there besides. */
function listMembers(native: WindowsNative, job: number): ReadonlySet<number> {
  const list = Buffer.alloc(HEAD_BYTES + MOST_PIDS * PID_BYTES);
  if (native.queryJob(job, CLASS_PROCESS_IDS, list, list.length, null) < 0) return new Set();
  const count = Math.min(list.readUInt32LE(4), MOST_PIDS);
  const pids = Array.from({ length: count }, (_, index) =>
    Number(list.readBigUInt64LE(HEAD_BYTES + index * PID_BYTES)),
  );
  return new Set(pids.filter((pid) => pid !== process.pid));
}

import { THIS_PROCESS, type WindowsNative } from './load-native.ts';

const ALL_ACCESS = 0x1f_001f;
const CLASS_PROCESS_IDS = 3;
/** Two counts of 32 bits, then pids of 64 bits. */
const HEAD_BYTES = 8;
const PID_BYTES = 8;
const MOST_PIDS = 65_536;

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

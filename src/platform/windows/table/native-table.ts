import type { ProcessSnapshot } from '../../../core/process/snapshot.ts';
import type { ProcessTable, SnapshotRequest } from '../../../operations/ports/process.ts';
import { readWindowsMachine } from '../native/machine.ts';
import type { WindowsNative } from '../native/load-native.ts';
import { readOwnUser } from '../native/user.ts';
import { listProcesses } from './list-processes.ts';
import { NativeRowReader, type RowDraft } from './native-row-reader.ts';
import type { ListedProcess } from './process-list.ts';

/**
 * The Windows process table, read by system calls: exact starts, users, and, of the processes of this user, command lines and environments
 * with their marks.
 */
export function createNativeTable(native: WindowsNative): ProcessTable {
  return {
    source: 'native',
    snapshot: (request) =>
      new Promise((resolve) => {
        resolve(takeSnapshot(native, request));
      }),
  };
}

function takeSnapshot(native: WindowsNative, request: SnapshotRequest): ProcessSnapshot {
  const listed = listProcesses(native).filter(isRunning);
  const takenAt = new Date().toISOString();
  const uid = readOwnUser(native);
  const reader = new NativeRowReader(native, uid, request);
  const rows = new Map<number, RowDraft>();
  for (const process of listed) {
    const row = reader.read(process);
    if (row !== undefined) rows.set(row.pid, row);
  }
  reader.completeAncestors(rows);
  return {
    takenAt,
    source: 'native',
    platform: 'win32',
    ...readWindowsMachine(native),
    complete: rows.has(process.pid),
    unreadable: reader.unreadable,
    self: { pid: process.pid, ...(uid === undefined ? {} : { uid }) },
    startPrecisionMs: 0,
    processes: [...rows.values()],
  };
}

/**
 * Leaves out the idle process, and processes without threads: they have ended, and stay listed while another process has a handle on them.
 */
function isRunning({ pid, threads }: ListedProcess): boolean {
  return pid !== 0 && threads > 0;
}

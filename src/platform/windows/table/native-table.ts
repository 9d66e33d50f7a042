import { setTimeout as sleep } from 'node:timers/promises';
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
    snapshot: async (request) => {
      for (let again = MOST_READINGS; ; again -= 1) {
        const { snapshot, starting } = takeSnapshot(native, request);
        if (starting === 0 || again === 1) return snapshot;
        await sleep(AGAIN_MS);
      }
    },
  };
}

/** A process that is just starting has no command line yet. */
const MOST_READINGS = 4;
/** In milliseconds. */
const AGAIN_MS = 25;

function takeSnapshot(
  native: WindowsNative,
  request: SnapshotRequest,
): { readonly snapshot: ProcessSnapshot; readonly starting: number } {
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
  const snapshot: ProcessSnapshot = {
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
  return { snapshot, starting: reader.starting };
}

/**
 * Leaves out the idle process, and processes without threads: they have ended, and stay listed while another process has a handle on them.
 */
function isRunning({ pid, threads }: ListedProcess): boolean {
  return pid !== 0 && threads > 0;
}

import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type { ProcessTable, ProportionalMemory } from '../../../operations/ports/process.ts';
import { readProportionalMemory } from './memory.ts';

export interface DetailsOptions {
  /** Mount point of procfs. */
  readonly procRoot: string;
  /** Measures one process; default: reads its `smaps_rollup`. */
  readonly measure?: (row: ProcessRow, directory: string) => ProportionalMemory;
}

/** The parts of a process table that are read only for the processes that need them. */
export function createDetails({
  procRoot,
  measure = (_row, directory) => readProportionalMemory(directory),
}: DetailsOptions): Required<Pick<ProcessTable, 'readChannels' | 'readMemory'>> {
  return {
    readChannels: async (rows) => {
      try {
        // Loaded on demand: most readings need no channels.
        return await (await import('../channels/read-channels.ts')).readChannels(rows, { procRoot });
      } catch {
        // An upgrade has removed the file below a running daemon, or the C library lacks a call. Without channels a process stays
        // unverified.
        return new Map();
      }
    },
    readMemory: (rows) => new Map(rows.map((row) => [row.pid, measure(row, `${procRoot}/${row.pid}`)])),
  };
}

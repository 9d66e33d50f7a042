import { readUptime } from '../machine/uptime.ts';
import type { ProcessSnapshot } from '../../../core/process/snapshot.ts';
import type { ProcessTable } from '../../../operations/ports/process.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { readMachineIdentity } from '../machine/machine.ts';
import { listPids } from './pid-listing.ts';
import { hidesPids, isForeignProc } from './proc-mount.ts';
import { createDetails } from './details.ts';
import { type RowDraft, RowReader } from './row-reader.ts';

export interface ProcfsTableOptions {
  /** Mount point of procfs. */
  readonly procRoot?: string;
}

const TICKS_PER_SECOND = 100;
const MS_PER_TICK = 1000 / TICKS_PER_SECOND;

/**
 * The Linux process table, read from `/proc` with synchronous calls, which are four times faster than awaited ones. A
 * process between fork and exec shows its parent's command line and environment. Nothing is reused between readings, so
 * this affects one reading only.
 */
export function createProcfsTable({ procRoot = '/proc' }: ProcfsTableOptions = {}): ProcessTable {
  return {
    source: 'procfs',
    snapshot: (request) =>
      new Promise((resolve) => {
        const read = (pids: readonly number[]) => readEach(pids, new RowReader(procRoot, request));
        resolve(takeSnapshot(procRoot, { list: () => listPids(procRoot), read }));
      }),
    ...createDetails({ procRoot }),
  };
}

/** The rows of the listed pids, and the number of relevant ones that could not be read. */
export interface RowsRead {
  readonly rows: ReadonlyMap<number, RowDraft>;
  readonly unreadable: number;
}

/** How one reading lists processes and reads their rows. */
export interface RowSource<Pids> {
  readonly list: () => Pids;
  readonly read: (pids: Pids) => RowsRead;
}

/**
 * Takes one reading of `/proc`.
 * @throws ClaudeMemError `process-table-unreadable`.
 */
export function takeSnapshot<Pids>(
  procRoot: string,
  { list, read }: RowSource<Pids>,
): ProcessSnapshot & { readonly nowTicks: number } {
  const pids = list();
  if (isForeignProc(procRoot)) throw foreignProcError(procRoot);
  const { rows, unreadable } = read(pids);
  const uid = process.geteuid?.();
  const machine = readMachineIdentity(procRoot);
  const { bootId, pidNamespace } = machine;
  return {
    ...stampTimes([...rows.values()], {
      ownStartTicks: rows.get(process.pid)?.startTicks,
      procRoot,
    }),
    source: 'procfs',
    platform: 'linux',
    ...(bootId === undefined ? {} : { bootId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    get machineId() {
      return machine.machineId;
    },
    // A living pid namespace always has a pid 1. If it is not listed, others may be missing too.
    complete: rows.has(1) && !hidesPids(procRoot),
    unreadable,
    self: { pid: process.pid, ...(uid === undefined ? {} : { uid }) },
    startPrecisionMs: 0,
  };
}

function readEach(pids: readonly number[], reader: RowReader): RowsRead {
  const rows = new Map<number, RowDraft>();
  for (const pid of pids) {
    const row = reader.read(pid);
    if (row !== undefined) rows.set(pid, row);
  }
  reader.complete(rows);
  return { rows, unreadable: reader.unreadable };
}

function foreignProcError(procRoot: string): ClaudeMemError {
  return new ClaudeMemError(
    'process-table-unreadable',
    `${procRoot} does not show this process as pid ${process.pid}: it belongs to another pid namespace or is not mounted.`,
    { hint: "Mount this namespace's own procfs (unshare --pid --fork --mount-proc), or run the command outside." },
  );
}

/**
 * Sets start times. Ages are counted in ticks: "now" is the larger of this process's age and the newest start seen,
 * which neither a clock step nor a virtual uptime can move ahead.
 */
function stampTimes(
  processes: readonly RowDraft[],
  { ownStartTicks = 0, procRoot }: { readonly ownStartTicks: number | undefined; readonly procRoot: string },
): Pick<ProcessSnapshot, 'takenAt' | 'processes'> & { readonly nowTicks: number } {
  const takenAtMs = Date.now();
  const ownTicks = ownStartTicks + Math.floor(process.uptime() * TICKS_PER_SECOND);
  const nowTicks = processes.reduce((newest, row) => Math.max(newest, row.startTicks ?? 0), ownTicks);
  // If a shell became this process by exec long after its own start, the age is too small and every start too late,
  // which could pass for "born after it was registered". The uptime corrects that. A container that fakes the uptime
  // reports a smaller one.
  // Read after the clock: a machine that sleeps in between makes the start too early, which proves nothing false.
  const bootedAtMs = takenAtMs - Math.max(nowTicks, readUptime(procRoot) * TICKS_PER_SECOND) * MS_PER_TICK;
  let previous = { ticks: 0, startedAt: isoTime(bootedAtMs) };
  for (const row of processes) {
    // Reused from an earlier reading.
    if (row.startedAt !== '') continue;
    const ticks = row.startTicks ?? 0;
    // Neighboring rows often share a start tick, and formatting a date costs as much as parsing a row.
    if (ticks !== previous.ticks) previous = { ticks, startedAt: isoTime(bootedAtMs + ticks * MS_PER_TICK) };
    row.startedAt = previous.startedAt;
  }
  return { takenAt: isoTime(takenAtMs), nowTicks, processes };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

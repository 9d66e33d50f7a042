import { dataDirArgument, isCandidateName, isChromaProgram } from '../../core/process/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../../core/process/snapshot.ts';
import type { ProcessTable, SnapshotRequest } from '../../operations/ports/process.ts';
import { resolveLocalRoleDirectory } from './local-directory.ts';
import { type CimProcess, type CimReading, cimScript, parseCim } from './parse-cim.ts';
import { cimFailure, type PowerShellOutput, runPowerShell } from './run-powershell.ts';

/** In milliseconds. CIM reports starts to 100 ns; JSON and `Date` keep whole milliseconds, possibly rounded. */
const START_PRECISION_MS = 1;

/**
 * The Windows process table through CIM (WMI). No owner, process group, session or state, no environments and so no
 * marks; memory is the working set. Takes about a second.
 */
export function createCimTable(run: (script: string) => Promise<PowerShellOutput> = runPowerShell): ProcessTable {
  return {
    source: 'cim',
    snapshot: async (request) => {
      const takenAt = new Date().toISOString();
      const output = await run(cimScript());
      return toSnapshot(takenAt, readProcesses(output), request);
    },
  };
}

function readProcesses({ text, pid }: PowerShellOutput): CimReading {
  const reading = parseOrFail(text);
  // A listing without even the PowerShell that ran it is not valid.
  if (reading.processes.length === 0) throw cimFailure(new Error('its listing is empty'));
  // Excludes the PowerShell of this reading and its console host.
  const processes = reading.processes.filter((process) => process.pid !== pid && process.ppid !== pid);
  return { ...reading, processes };
}

function parseOrFail(text: string): CimReading {
  try {
    return parseCim(text);
  } catch (error) {
    throw cimFailure(error);
  }
}

function toSnapshot(takenAt: string, reading: CimReading, request: SnapshotRequest): ProcessSnapshot {
  const matters = (process: CimProcess) => request.recordedPids.has(process.pid) || isCandidateName(process.name);
  const unreadable = reading.processes.filter((process) => matters(process) && process.command === '');
  return {
    takenAt,
    source: 'cim',
    platform: 'win32',
    complete: reading.complete,
    unreadable: unreadable.length + reading.unparsed.length,
    self: { pid: process.pid },
    startPrecisionMs: START_PRECISION_MS,
    processes: reading.processes.map((process) =>
      toRow(process, matters(process) || isChromaProgram(process), request.dataDir),
    ),
  };
}

function toRow(process: CimProcess, isRelevant: boolean, dataDir: string): ProcessRow {
  if (!isRelevant) return process;
  const written = isChromaProgram(process) ? dataDirArgument(process) : undefined;
  const roleDirectory = written === undefined ? undefined : resolveLocalRoleDirectory(written, dataDir);
  return {
    ...process,
    // Windows does not show the environment of another process.
    treeMark: null,
    ownerMark: null,
    roleMark: null,
    dataDirMark: null,
    ...(roleDirectory === undefined ? {} : { roleDirectory }),
  };
}

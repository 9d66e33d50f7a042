import { dataDirArgument, isChromaProgram } from '../../core/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../../core/snapshot.ts';
import type { ProcessTable, SnapshotRequest } from '../../operations/ports.ts';
import { resolveDataDir, resolveRoleDirectory } from '../role-directory.ts';
import { type DescribedProcess, listProcesses } from './list-processes.ts';
import { readPortableMachine } from './machine.ts';
import { isPlaceholder } from './parse-ps.ts';
import { type PsTools, psTools } from './ps-tools.ts';
import { type Detail, readDetails } from './read-details.ts';

/** ps cuts starts to the second, and a record made from a process's own clock lies some milliseconds after its birth. */
const START_PRECISION_MS = 2_000;

/**
 * The process table through ps-list, for macOS and every other system with a POSIX ps: no session ids, no start ticks, command
 * lines in one string, memory as RSS, environments only where the system shows them.
 */
export function createPsListTable(tools: PsTools = psTools): ProcessTable {
  return { source: 'ps-list', snapshot: (request) => takeSnapshot(tools, request) };
}

async function takeSnapshot(tools: PsTools, request: SnapshotRequest): Promise<ProcessSnapshot> {
  const takenAt = new Date().toISOString();
  const { processes, unparsed, complete } = await listProcesses(tools, request);
  const relevant = processes.filter((described) => described.isRelevant).map(({ listed }) => listed.pid);
  const details = await readDetails(tools, [...relevant, ...unparsed]);
  const uid = process.geteuid?.();

  const examined = processes
    .filter((described) => described.isRelevant)
    .flatMap((described) => examine(described, details.get(described.listed.pid), request.dataDir));
  return {
    takenAt,
    source: 'ps-list',
    platform: process.platform,
    ...readPortableMachine(),
    complete,
    // Of a line that could not be parsed only the pid is known: it may be anybody's, so it counts unless that pid is gone.
    unreadable:
      examined.filter((row) => isUnreadable(row, uid)).length + unparsed.filter((pid) => details.has(pid)).length,
    self: { pid: process.pid, ...(uid === undefined ? {} : { uid }) },
    startPrecisionMs: START_PRECISION_MS,
    processes: [...processes.filter((described) => !described.isRelevant).map(toRow), ...examined],
  };
}

function toRow({ listed, descriptor }: DescribedProcess): ProcessRow {
  const path = descriptor?.path ?? '';
  return {
    ...listed,
    ...(path === '' ? {} : { executable: path }),
    command: commandLine(descriptor?.cmd ?? '', listed.name),
  };
}

/** The row with its details; none if the process is gone since, or the pid is another process by now. */
function examine(described: DescribedProcess, detail: Detail | undefined, dataDir: string): readonly ProcessRow[] {
  const { startedAt, name } = described.listed;
  if (detail === undefined || (detail.startedAt ?? startedAt) !== startedAt) return [];
  const row = { ...toRow(described), ...detail.marks, startedAt, command: commandLine(detail.command, name) };
  const written = isChromaProgram(row) ? dataDirArgument(row) : undefined;
  const roleDirectory = written === undefined ? undefined : resolveRoleDirectory(written, dataDir);
  return [
    {
      ...row,
      ...(typeof row.dataDirMark === 'string' ? { dataDirMark: resolveDataDir(row.dataDirMark, dataDir) } : {}),
      ...(roleDirectory === undefined ? {} : { roleDirectory }),
    },
  ];
}

function isUnreadable(row: ProcessRow, ownUid: number | undefined): boolean {
  return row.command === '' && row.state !== 'Z' && (row.uid === undefined || row.uid === ownUid);
}

function commandLine(shown: string, name: string): string {
  return isPlaceholder(shown, name) ? '' : shown;
}

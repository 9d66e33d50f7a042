import { dataDirArgument, isChromaProgram, mayRunRole } from '../../core/process/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../../core/process/snapshot.ts';
import type { ProcessTable, SnapshotRequest } from '../../operations/ports/process.ts';
import { resolveDataDir, resolveRoleDirectory } from '../role-directory.ts';
import { type DescribedProcess, listProcesses } from './list-processes.ts';
import { readPortableMachine } from './machine.ts';
import { HIDDEN_MARKS } from './parse-environment.ts';
import { isPlaceholder } from './parse-ps.ts';
import { readChannelsByLsof } from './read-channels.ts';
import { type PsTools, psTools } from './ps-tools.ts';
import { type Detail, type Details, readDetails } from './read-details.ts';

/**
 * In milliseconds. ps truncates starts to the second, and a record made from a process's own clock is some milliseconds
 * late.
 */
const START_PRECISION_MS = 2_000;

/**
 * The process table through ps-list, for macOS and other systems with a POSIX ps. No session ids, no start ticks,
 * command lines as one string, memory as RSS, and environments only if the system shows them.
 */
export function createPsListTable(tools: PsTools = psTools): ProcessTable {
  return {
    source: 'ps-list',
    snapshot: (request) => takeSnapshot(tools, request),
    // Another lsof describes the other ends in another way.
    ...(process.platform === 'darwin' ? { readChannels: readChannelsByLsof } : {}),
  };
}

/** How much is kept of the command line of an unrelated process, for display. */
const BEGINNING_CHARS = 4_096;

async function takeSnapshot(tools: PsTools, request: SnapshotRequest): Promise<ProcessSnapshot> {
  const takenAt = new Date().toISOString();
  const { processes, unparsed, complete } = await listProcesses(tools, request);
  const relevant = processes.filter((described) => described.isRelevant);
  const details = await readDetails(tools, [...relevant.map(({ listed }) => listed.pid), ...unparsed]);
  const examined = await examineAll(relevant, { details, tools, request });
  const uid = process.geteuid?.();
  const isOurs = (row: ProcessRow) => row.uid === undefined || row.uid === uid;
  return {
    takenAt,
    source: 'ps-list',
    platform: process.platform,
    ...readPortableMachine(),
    complete,
    // A line that cannot be parsed shows only a pid, which may be any process. It counts unless that pid is gone.
    unreadable:
      examined.filter((row) => isOurs(row) && isUnreadable(row, request)).length +
      unparsed.filter((pid) => details?.has(pid) !== false).length,
    self: { pid: process.pid, ...(uid === undefined ? {} : { uid }) },
    startPrecisionMs: START_PRECISION_MS,
    processes: [...processes.filter((described) => !described.isRelevant).map(toRow), ...examined],
  };
}

interface Examination {
  /** Undefined if they could not be read. */
  readonly details: Details | undefined;
  readonly tools: PsTools;
  readonly request: SnapshotRequest;
}

/**
 * The relevant rows. Rows without a command line are read once more, because they may be in the middle of an exec or
 * exiting.
 */
async function examineAll(
  relevant: readonly DescribedProcess[],
  { details, tools, request }: Examination,
): Promise<readonly ProcessRow[]> {
  if (details === undefined) return relevant.map(toRowWithoutDetails);
  const examine = (described: DescribedProcess, from: Details) =>
    examineOne(described, from.get(described.listed.pid), request.dataDir);
  const isUnclear = (described: DescribedProcess) =>
    examine(described, details).some((row) => row.command === '' && row.state !== 'Z' && row.commandCut !== true);
  const unclear = new Set(relevant.filter(isUnclear));
  const again =
    (await readDetails(
      tools,
      [...unclear].map(({ listed }) => listed.pid),
    )) ?? details;
  return relevant.flatMap((described) => examine(described, unclear.has(described) ? again : details));
}

function toRow({ listed, descriptor }: DescribedProcess): ProcessRow {
  const path = descriptor?.path ?? '';
  const command = commandLine(descriptor?.cmd ?? '', listed.name);
  return {
    ...listed,
    ...(path === '' ? {} : { executable: path }),
    command: command.slice(0, BEGINNING_CHARS),
    ...(command.length > BEGINNING_CHARS ? { commandCut: true } : {}),
  };
}

/** The process exists, but nothing else is known. */
function toRowWithoutDetails(described: DescribedProcess): ProcessRow {
  return { ...withoutCommand(toRow(described)), ...HIDDEN_MARKS };
}

function withoutCommand(row: ProcessRow): ProcessRow {
  const without = { ...row, command: '' };
  Reflect.deleteProperty(without, 'commandCut');
  return without;
}

/** The row with its details; empty if the process is gone or the pid belongs to another process now. */
function examineOne(described: DescribedProcess, detail: Detail | undefined, dataDir: string): readonly ProcessRow[] {
  const { startedAt, name, state } = described.listed;
  if (detail === undefined) return [];
  const isZombie = detail.state === 'Z';
  // A zombie may have lost its start too.
  if (!isZombie && (detail.startedAt ?? startedAt) !== startedAt) return [];
  const row: ProcessRow = {
    ...withoutCommand(toRow(described)),
    ...detail.marks,
    ...{ startedAt, state: detail.state ?? state, command: isZombie ? '' : commandLine(detail.command, name) },
    ...(detail.isCut ? { commandCut: true } : {}),
    ...(detail.isEnvironmentCut ? { environmentCut: true } : {}),
  };
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

/** The command line is unknown, or the part that was cut off may make it a claude-mem process. */
function isUnreadable(row: ProcessRow, { recordedPids }: SnapshotRequest): boolean {
  if (row.state === 'Z') return false;
  if (row.commandCut === true || row.environmentCut === true) return mayRunRole(row) || recordedPids.has(row.pid);
  return row.command === '';
}

function commandLine(shown: string, name: string): string {
  return isPlaceholder(shown, name) ? '' : shown;
}

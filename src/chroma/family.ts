import { adoptionOf, isStranded } from '../core/process/adopter.ts';
import { isNotYounger, isZombie } from '../core/process/identity.ts';
import { ProcessIndex } from '../core/process/process-index.ts';
import { dataDirArgument, isChromaProgram, isChromaWrapper } from '../core/process/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../core/process/snapshot.ts';
import { isHttpClient } from '../core/tree/vector-writers.ts';

/** By what the processes of one spawn are known. */
export interface FamilyMarks {
  readonly treeMark: string;
  readonly roleMark: string;
  /** Absent where starts have no ticks, and with them owner marks. */
  readonly ownerMark: string | undefined;
}

/**
 * What runs because of one spawn: the process itself, its descendants, and what of the same marks has lost its parent.
 * There is one spawn at a time per role and owner, so whatever bears these marks and is not older is of this one.
 */
export function familyOf(snapshot: ProcessSnapshot, first: ProcessRow, marks: FamilyMarks): readonly ProcessRow[] {
  const index = new ProcessIndex(snapshot);
  const here = index.livePid(first.pid);
  const heads = here !== undefined && isSameStart(here, first) ? [here] : [];
  const strays = snapshot.processes.filter(
    (row) =>
      bearsMarks(row, marks) &&
      (isLostChroma(row, index) || (row.sid === first.sid && isStranded(row, index))) &&
      isNotYounger(first, row, snapshot),
  );
  const members = [...heads, ...strays].flatMap((row) => [row, ...index.descendantsOf(row.pid)]);
  return [...new Set(members)].filter((row) => !isZombie(row) && row.pid !== snapshot.self.pid);
}

/** Marks are inherited: under another live parent somebody started it on purpose, in a shell that was opened inside the tree. */
function isLostChroma(row: ProcessRow, index: ProcessIndex): boolean {
  if (!isChromaProgram(row)) return false;
  return row.ppid === index.snapshot.self.pid || adoptionOf(row, index) !== undefined;
}

/** The python that answers, among a family. */
export function findPython(family: readonly ProcessRow[]): ProcessRow | undefined {
  return family.find((row) => isChromaProgram(row) && !isChromaWrapper(row));
}

/** A chroma-mcp that has these vectors open, whoever started it; one that talks to a server only names the folder. */
export function openOnVectors(snapshot: ProcessSnapshot, folder: string): ProcessRow | undefined {
  return snapshot.processes.find(
    (row) => !isZombie(row) && isChromaProgram(row) && isOnFolder(row, folder) && !isHttpClient(row),
  );
}

function isOnFolder(row: ProcessRow, folder: string): boolean {
  return (row.roleDirectory ?? dataDirArgument(row)) === folder;
}

function bearsMarks(row: ProcessRow, marks: FamilyMarks): boolean {
  return (
    marks.ownerMark !== undefined &&
    row.ownerMark === marks.ownerMark &&
    row.treeMark === marks.treeMark &&
    row.roleMark === marks.roleMark
  );
}

function isSameStart(left: ProcessRow, right: ProcessRow): boolean {
  return left.startTicks === undefined || right.startTicks === undefined
    ? left.startedAt === right.startedAt
    : left.startTicks === right.startTicks;
}

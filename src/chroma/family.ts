import { adoptionOf, isStranded } from '../core/process/adopter.ts';
import { isNotYounger, isZombie } from '../core/process/identity.ts';
import { ProcessIndex } from '../core/process/process-index.ts';
import { dataDirArgument, isChromaProgram, isChromaWrapper } from '../core/process/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../core/process/snapshot.ts';
import { isHttpClient } from '../core/tree/vector-writers.ts';

/** The marks that identify the processes of one spawn. */
export interface FamilyMarks {
  readonly treeMark: string;
  readonly roleMark: string;
  /** Absent on systems without start ticks, which owner marks need. */
  readonly ownerMark: string | undefined;
}

/**
 * The processes that exist because of one spawn: the process itself, its descendants, and processes with the same marks
 * that lost their parent. Each role and owner has one spawn at a time, so every process with these marks that is not
 * older belongs to it.
 */
export function familyOf(snapshot: ProcessSnapshot, first: ProcessRow, marks: FamilyMarks): readonly ProcessRow[] {
  const index = new ProcessIndex(snapshot);
  const here = index.livePid(first.pid);
  const heads = here !== undefined && isSameStart(here, first) ? [here] : [];
  const strays = snapshot.processes.filter(
    (row) =>
      hasMarks(row, marks) &&
      (isLostChroma(row, index) || (row.sid === first.sid && isStranded(row, index))) &&
      isNotYounger(first, row, snapshot),
  );
  const members = [...heads, ...strays].flatMap((row) => [row, ...index.descendantsOf(row.pid)]);
  return [...new Set(members)].filter((row) => !isZombie(row) && row.pid !== snapshot.self.pid);
}

/**
 * Marks are inherited. Under another live parent, the process was started deliberately, for example from a shell inside
 * the tree.
 */
function isLostChroma(row: ProcessRow, index: ProcessIndex): boolean {
  if (!isChromaProgram(row)) return false;
  return row.ppid === index.snapshot.self.pid || adoptionOf(row, index) !== undefined;
}

/** The python of the family, which answers calls. */
export function findPython(family: readonly ProcessRow[]): ProcessRow | undefined {
  return family.find((row) => isChromaProgram(row) && !isChromaWrapper(row));
}

/**
 * A chroma-mcp with these vectors open, regardless of who started it. A client of a Chroma server names the folder
 * without opening it, so it does not count.
 */
export function openOnVectors(snapshot: ProcessSnapshot, folder: string): ProcessRow | undefined {
  return snapshot.processes.find(
    (row) => !isZombie(row) && isChromaProgram(row) && isOnFolder(row, folder) && !isHttpClient(row),
  );
}

function isOnFolder(row: ProcessRow, folder: string): boolean {
  return (row.roleDirectory ?? dataDirArgument(row)) === folder;
}

function hasMarks(row: ProcessRow, marks: FamilyMarks): boolean {
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

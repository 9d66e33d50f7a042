import { ageSeconds, isNotYounger, parseOwnerMark } from '../process/identity.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import type { ManifestEntry, Role } from '../tree/manifest.ts';
import type { RecordedEntry } from '../tree/recorded-trees.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import type { Evidence, Finding } from './verdict.ts';
import { EXCESS_MIN_AGE_SECONDS } from './unrecorded-child.ts';
import { describeOwnerMark } from '../text/wording.ts';
import { findUnrecordedChild } from './unrecorded-child.ts';
import { trustedParentOfMarked } from './marked-parent.ts';

/** A claude-mem process under a live owner that records another process for its role and has released this one. */
export function findExcess(subject: Case, context: JudgementContext): Finding | undefined {
  const shared = startedByExcess(subject);
  if (shared !== undefined) return shared;
  const unrecorded = findUnrecordedChild(subject, context);
  if (unrecorded !== undefined) return unrecorded;
  const isOurs = (subject.isMarkedHere && subject.isRoleProgram) || subject.recorded.length > 0;
  if (!isOurs || subject.recorded.some((record) => record.isRoot || record.entry.endedAt === undefined))
    return undefined;
  if (context.trees.liveRoots.treesOf(subject.row.pid).size > 0) return undefined;
  if (ageSeconds(subject.row, context.snapshot) <= EXCESS_MIN_AGE_SECONDS) return undefined;
  if (isOfRecordedFamily(subject, context)) return undefined;
  const evidence = findRelease(subject, context);
  return evidence === undefined ? undefined : { verdict: 'excess', evidence: [evidence] };
}

function startedByExcess(subject: Case): Finding | undefined {
  const parent = subject.parentJudgement;
  if (parent?.verdict !== 'excess' || !parent.sharesWithChildren || subject.recorded.length > 0) return undefined;
  return {
    verdict: 'excess',
    evidence: [{ kind: 'started-by-excess', detail: `started by the excess wrapper pid ${subject.row.ppid}` }],
    restsOnCommand: parent.restsOnCommand,
    needsSecondLook: parent.needsSecondLook,
  };
}

function findRelease(subject: Case, context: JudgementContext): Evidence | undefined {
  if (subject.recorded.length > 0) return recordedEnd(subject);
  // Under any other parent the marks may be inherited, for example in a terminal that was opened inside the tree.
  if (subject.ownerPresence !== 'alive' || trustedParentOfMarked(subject, context) === undefined) return undefined;
  if (context.trees.tree(subject.row.treeMark)?.rootPresence !== 'alive') return undefined;
  return pastGeneration(subject, context) ?? replaced(subject, context);
}

function recordedEnd({ recorded }: Case): Evidence | undefined {
  // If the root is not alive, the record may be out of date, even if its owner is alive.
  const ended = recorded.find(
    ({ owner, tree, entry }) =>
      tree.rootPresence === 'alive' &&
      (owner === undefined || owner.presence === 'alive') &&
      isAfterRegistration(entry),
  );
  if (ended === undefined) return undefined;
  return { kind: 'let-go', detail: `recorded as ended at ${ended.entry.endedAt ?? '?'}, but it still runs` };
}

/** An end before the registration is a damaged record and proves no release. */
function isAfterRegistration({ registeredAt, endedAt }: ManifestEntry): boolean {
  return Date.parse(endedAt ?? '') >= Date.parse(registeredAt);
}

/** The owner mark names a process whose own entry is ended: an owner that was replaced. */
function pastGeneration(subject: Case, context: JudgementContext): Evidence | undefined {
  const tree = context.trees.tree(subject.row.treeMark);
  const owner = subject.owner;
  if (tree === undefined || owner === undefined) return undefined;
  const records = context.trees
    .aliveEntries(owner.pid)
    .filter((record) => record.tree === tree && record.identity.startTicks === owner.startTicks);
  const [past] = records;
  const isEnded = ({ entry }: RecordedEntry) => entry.endedAt !== undefined && isAfterRegistration(entry);
  if (past === undefined || !records.every(isEnded)) return undefined;
  return {
    kind: 'past-generation',
    detail: `started by ${past.entry.role} ${describeOwnerMark(owner)}, which has been replaced`,
  };
}

/** The live owner records a later, live descendant of its own for this role. */
function replaced(subject: Case, context: JudgementContext): Evidence | undefined {
  const { owner, row, role } = subject;
  const tree = context.trees.tree(row.treeMark);
  if (tree === undefined || owner === undefined || role === null) return undefined;
  const successor = context.trees.openEntries(tree, role).find((record) => {
    const other = context.index.byPid.get(record.identity.pid);
    return (
      other !== undefined &&
      record.owner?.identity.pid === owner.pid &&
      record.owner.identity.startTicks === owner.startTicks &&
      isMarkedLike(other, subject) &&
      isNotYounger(row, other, context.snapshot) &&
      row.startTicks !== other.startTicks &&
      context.index.ancestorsOf(other).some((ancestor) => ancestor.pid === owner.pid)
    );
  });
  if (successor === undefined) return undefined;
  return {
    kind: 'replaced',
    detail: `its owner pid ${owner.pid} replaced it: the recorded ${role} is now pid ${successor.identity.pid}`,
  };
}

/** Whether the marks of the successor, if readable, agree with the record. */
function isMarkedLike(successor: ProcessRow, { owner, role }: Case): boolean {
  const marked = parseOwnerMark(successor.ownerMark);
  return (
    (typeof successor.roleMark !== 'string' || successor.roleMark === role) &&
    (marked?.pid ?? owner?.pid) === owner?.pid
  );
}

/** Whether an ancestor or descendant is recorded for the same role: the wrapper of this python, or the python of this wrapper. */
function isOfRecordedFamily(subject: Case, context: JudgementContext): boolean {
  const isRecordedHere = (row: ProcessRow) =>
    subject.role !== null && context.trees.aliveEntries(row.pid).some((record) => isOpenFor(subject.role, record));
  return (
    context.index.ancestorsOf(subject.row).some(isRecordedHere) ||
    context.index.descendantsOf(subject.row.pid).some(isRecordedHere)
  );
}

function isOpenFor(role: Role | null, { entry, presence }: RecordedEntry): boolean {
  return entry.role === role && entry.endedAt === undefined && presence === 'alive';
}

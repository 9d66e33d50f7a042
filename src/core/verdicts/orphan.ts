import type { Case, JudgementContext } from './judgement-context.ts';
import { rootEntry } from '../tree/manifest.ts';
import type { RecordedEntry } from '../tree/recorded-trees.ts';
import type { Evidence, Finding } from './verdict.ts';
import { isChromaOfDataDir, isChromaWrapper } from '../process/role-program.ts';
import { describeOwnerMark, shortId } from '../text/wording.ts';
import { findPatternOrphan } from './pattern.ts';
import { treeDead, whoIsGone } from './gone.ts';
import { liveOwner } from './live-owner.ts';
import { findObserver, findUnreachableOrphan } from './unreachable.ts';
import { trustedParentOfMarked, supervisorAsParent } from './marked-parent.ts';

/** A running claude-mem process whose owner is provably gone: by record, mark, lost wrapper, pattern, or as the child of an orphan. */
export function findOrphan(subject: Case, context: JudgementContext): Finding | undefined {
  return (
    recordedOrphan(subject) ??
    markedOrphan(subject, context) ??
    wrapperLost(subject) ??
    findUnreachableOrphan(subject, context) ??
    findObserver(subject, context) ??
    findPatternOrphan(subject, context) ??
    startedByOrphan(subject, context)
  );
}

function recordedOrphan(subject: Case): Finding | undefined {
  for (const record of subject.recorded) {
    if (record.isRoot || namesOwnerOfRoot(record)) continue;
    const gone = whoIsGone(record);
    if (gone !== undefined) return { verdict: 'orphan', evidence: [recordedAs(record), gone] };
  }
  return undefined;
}

/** A root has no owner, so a record with an owner for a root is damaged, and so is a manifest in which every entry has an owner. */
function namesOwnerOfRoot({ entry, tree }: RecordedEntry): boolean {
  return entry.role === 'supervisor' || rootEntry(tree.manifest) === undefined;
}

function markedOrphan(subject: Case, context: JudgementContext): Finding | undefined {
  if (!subject.isMarkedHere || !subject.isRoleProgram) return undefined;
  const isTreeDead = context.trees.isDead(subject.row.treeMark);
  if (subject.ownerPresence !== 'gone' && !isTreeDead) return undefined;
  const parent = trustedParentOfMarked(subject, context);
  if (parent === undefined) return undefined;
  const evidence: Evidence[] = [{ kind: 'marked', detail: `marked as part of tree ${shortId(subject.row.treeMark)}` }];
  if (subject.ownerPresence === 'gone') {
    evidence.push({ kind: 'owner-gone', detail: `started by ${markedOwner(subject, context)}, which is gone` });
  }
  if (isTreeDead) evidence.push(treeDead(subject.row.treeMark));
  return { verdict: 'orphan', evidence: [...evidence, parent] };
}

/** The owner that the mark names, with the role that its tree's manifest records for it. */
function markedOwner({ owner, row }: Case, { trees }: JudgementContext): string {
  const record = trees
    .entriesOf(owner?.pid ?? 0)
    .find(({ tree, identity }) => tree.manifest.treeId === row.treeMark && identity.startTicks === owner?.startTicks);
  const role = record === undefined ? '' : `${record.entry.role} `;
  return `${role}${describeOwnerMark(owner)}`;
}

function wrapperLost(subject: Case): Finding | undefined {
  if (!subject.isChroma || subject.isChromaWrapper) return undefined;
  if (!(subject.isMarkedHere && subject.isRoleProgram) && subject.recorded.length === 0) return undefined;
  const parent =
    subject.adoption === undefined ? supervisorAsParent(subject) : { kind: 'adopted', detail: subject.adoption };
  // A live wrapper keeps its python as a child, so another parent means that the wrapper is gone. A python under its owner was started
  // without a wrapper.
  if (parent === undefined || liveOwner(subject) !== undefined) return undefined;
  return {
    verdict: 'orphan',
    evidence: [{ kind: 'wrapper-lost', detail: 'a claude-mem chroma-mcp python whose uv wrapper is gone' }, parent],
  };
}

function startedByOrphan(subject: Case, context: JudgementContext): Finding | undefined {
  const parent = subject.parentJudgement;
  if (parent?.verdict !== 'orphan' || !(parent.sharesWithChildren || isSameProgram(subject, context))) return undefined;
  // The root of a live tree is not a helper of the wrapper.
  if (context.trees.liveRoots.treesOf(subject.row.pid).size > 0) return undefined;
  const what = isChromaWrapper(parent.row) ? 'wrapper' : 'process';
  return {
    verdict: 'orphan',
    evidence: [{ kind: 'started-by-orphan', detail: `started by the orphaned ${what} pid ${subject.row.ppid}` }],
    restsOnCommand: parent.restsOnCommand,
    needsSecondLook: parent.needsSecondLook,
  };
}

/** On Windows, `chroma-mcp.exe` and the `python.exe` of a virtual environment start the real python with the same arguments. */
function isSameProgram({ isChromaHere, parent }: Case, { input, snapshot }: JudgementContext): boolean {
  return isChromaHere && parent !== undefined && isChromaOfDataDir(parent, input.dataDir, snapshot.platform);
}

function recordedAs({ entry, tree }: RecordedEntry): Evidence {
  return {
    kind: 'recorded',
    detail: `recorded as ${entry.role} of tree ${shortId(tree.manifest.treeId)} at ${entry.registeredAt}`,
  };
}

import type { Case, JudgementContext } from './judgement-context.ts';
import type { Finding } from './verdict.ts';
import { describeIdentity, shortId } from '../text/wording.ts';

/** A live root that its own manifest records. Its marks do not matter: it may have inherited them from the program that started it. */
export function findManagedRoot(subject: Case): Finding | undefined {
  const record = subject.recorded.find((candidate) => candidate.isRoot);
  if (record === undefined) return undefined;
  const { treeId } = record.tree.manifest;
  return {
    verdict: 'managed',
    evidence: [{ kind: 'root', detail: `recorded as ${record.entry.role} and root of tree ${shortId(treeId)}` }],
    isManagedRoot: true,
  };
}

/** Part of a live tree: recorded with a live owner, or started by a managed process. */
export function findManaged(subject: Case, context: JudgementContext): Finding | undefined {
  const record = subject.recorded.find(
    ({ entry, owner, tree }) =>
      entry.endedAt === undefined && (owner === undefined ? tree.rootPresence === 'alive' : owner.presence === 'alive'),
  );
  if (record !== undefined) {
    const owner = record.owner === undefined ? 'root' : `owner ${describeIdentity(record.owner.identity)}`;
    return {
      verdict: 'managed',
      evidence: [
        {
          kind: 'recorded',
          detail: `recorded as ${record.entry.role} of tree ${shortId(record.tree.manifest.treeId)}; its ${owner} is alive`,
        },
      ],
    };
  }
  return startedByManaged(subject, context);
}

/** Descent, not adoption: a child of a supervisor or of another subreaper counts only if its owner mark names that parent. */
function startedByManaged(subject: Case, context: JudgementContext): Finding | undefined {
  const { parentJudgement: parent, row } = subject;
  if (parent?.verdict !== 'managed') return undefined;
  const mayBeAdopted = parent.role === 'supervisor' || subject.adoption !== undefined;
  if (mayBeAdopted && !context.isOwner(subject.owner, parent.row)) return undefined;
  return {
    verdict: 'managed',
    evidence: [{ kind: 'descends', detail: `started by the managed ${parent.role ?? 'process'} pid ${row.ppid}` }],
  };
}

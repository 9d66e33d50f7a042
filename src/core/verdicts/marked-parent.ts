import type { Case, JudgementContext } from './judgement-context.ts';
import type { Evidence } from './verdict.ts';

/**
 * Evidence that the parent of a marked process makes its marks trustworthy. Every process started inside a tree inherits the marks, so
 * they count only under the owner, a supervisor or an adopter: any other live parent may have started the process on purpose. (Below its
 * own wrapper, the process shares the wrapper's verdict.)
 */
export function trustedParentOfMarked(subject: Case, context: JudgementContext): Evidence | undefined {
  if (subject.adoption !== undefined) return { kind: 'adopted', detail: subject.adoption };
  if (context.isOwner(subject.owner, subject.parent)) {
    return { kind: 'parent', detail: `still a child of its owner, pid ${subject.row.ppid}` };
  }
  return supervisorAsParent(subject);
}

/** A claude-mem supervisor is a subreaper: the orphans of its tree are re-parented to it. */
export function supervisorAsParent(subject: Case): Evidence | undefined {
  const parent = subject.parentJudgement;
  if (parent?.isManagedRoot !== true || parent.role !== 'supervisor') return undefined;
  return {
    kind: 'adopted',
    detail: `re-parented to pid ${subject.row.ppid}, a claude-mem supervisor`,
  };
}

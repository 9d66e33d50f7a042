import type { Case, JudgementContext } from './judgement-context.ts';
import type { Evidence } from './verdict.ts';

/**
 * Where a marked process hangs, if a tree leaves its own there. Marks are inherited by whatever is started inside a tree, so they speak
 * only where the tree itself or an adopter is the parent: under any other live parent somebody may have started it on purpose. (Below
 * its own wrapper it shares that one's verdict.)
 */
export function placeOfMarked(subject: Case, context: JudgementContext): Evidence | undefined {
  if (subject.adoption !== undefined) return { kind: 'adopted', detail: subject.adoption };
  if (context.isOwner(subject.owner, subject.parent)) {
    return { kind: 'parent', detail: `still a child of its owner, pid ${subject.row.ppid}` };
  }
  return supervisorAsParent(subject);
}

/** A supervisor of ours adopts what loses its parent in its tree. */
export function supervisorAsParent(subject: Case): Evidence | undefined {
  const parent = subject.parentJudgement;
  if (parent?.isManagedRoot !== true || parent.role !== 'supervisor') return undefined;
  return {
    kind: 'adopted',
    detail: `re-parented to pid ${subject.row.ppid}, a claude-mem supervisor`,
  };
}

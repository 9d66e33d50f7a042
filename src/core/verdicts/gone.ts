import type { RecordedEntry } from '../tree/recorded-trees.ts';
import { describeIdentity, shortId } from '../text/wording.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import type { Evidence } from './verdict.ts';

/** Whether a record or a mark shows that the owner or the root is gone. */
export function isAnyoneGone(subject: Case, { trees }: JudgementContext): boolean {
  if (subject.recorded.some((record) => !record.isRoot && whoIsGone(record) !== undefined)) return true;
  return subject.isMarkedHere && (subject.ownerPresence === 'gone' || trees.isDead(subject.row.treeMark));
}

/** Evidence that the recorded owner of a process, or the root of its tree, is gone; undefined where neither is. */
export function whoIsGone({ owner, tree }: RecordedEntry): Evidence | undefined {
  if (owner?.presence === 'gone') {
    return { kind: 'owner-gone', detail: `its recorded owner ${describeIdentity(owner.identity)} is gone` };
  }
  return tree.rootPresence === 'gone' ? treeDead(tree.manifest.treeId) : undefined;
}

/** Evidence that a tree is dead. */
export function treeDead(treeId: string | null | undefined): Evidence {
  return {
    kind: 'tree-dead',
    detail: `tree ${shortId(treeId)} is dead: its recorded root is gone and no supervisor answers for it`,
  };
}

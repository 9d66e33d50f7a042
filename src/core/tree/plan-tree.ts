import { compareIdentity, namespaceDigits, isZombie } from '../process/identity.ts';
import { isStranded } from '../process/adopter.ts';
import { isChromaRole } from './manifest.ts';
import type { Case, JudgementContext } from '../verdicts/judgement-context.ts';
import type { RecordedEntry } from './recorded-trees.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import { liveOwner } from '../verdicts/live-owner.ts';

/** The processes that a shutdown of one tree ends, and those in the tree that it spares. */
export interface TreePlan {
  readonly plan: readonly TreeProcess[];
  /** Has the tree's mark, but is not a claude-mem program or was started by another process, such as a tmux server. Reported and spared. */
  readonly left: readonly ProcessRow[];
}

export interface TreeProcess {
  readonly row: ProcessRow;
  readonly role: string | null;
  readonly restsOnCommand: boolean;
}

/**
 * Plans the shutdown of one tree: its recorded processes, its marked role programs, and the descendants of their uv wrappers. Never
 * includes this command, its ancestors, or anything below the root of another live tree.
 */
export function planTree(context: JudgementContext, treeId: string): TreePlan {
  const draft = new TreeDraft(context, treeId);
  for (const row of context.index.topDown()) draft.consider(row);
  return { plan: draft.plan, left: draft.left };
}

class TreeDraft {
  readonly plan: TreeProcess[] = [];
  readonly left: ProcessRow[] = [];
  readonly #context: JudgementContext;
  readonly #treeId: string;
  readonly #above: ReadonlySet<number>;
  readonly #planned = new Set<number>();
  /** The planned wrappers and their descendants. */
  readonly #sharing = new Set<number>();
  readonly #otherTrees = new Set<number>();

  constructor(context: JudgementContext, treeId: string) {
    this.#context = context;
    this.#treeId = treeId;
    this.#above = context.index.pidsAbove(context.snapshot.self.pid);
  }

  consider(row: ProcessRow): void {
    const subject = this.#context.caseOf(row, undefined);
    const parentPid = subject.parent?.pid ?? -1;
    if (this.#otherTrees.has(parentPid) || this.#isOtherRoot(subject)) {
      this.#otherTrees.add(row.pid);
      return;
    }
    if (!this.#mayBeEnded(row)) return;
    // For a process that was read in part, marks and command line prove nothing.
    const isWhole = row.commandCut !== true && row.environmentCut !== true;
    const isShared = this.#sharing.has(parentPid) || (isWhole && this.#isStrandedHelper(subject));
    const isOurs = isShared || this.#isRecorded(subject) || (isWhole && this.#isOurMarkedProgram(subject));
    if (isOurs && !this.#isOwnedByAnother(subject) && !this.#isClaimed(subject)) {
      this.plan.push({ row, role: subject.role, restsOnCommand: false });
      this.#planned.add(row.pid);
      if (isShared || subject.isChromaWrapper) this.#sharing.add(row.pid);
    } else if (row.treeMark === this.#treeId && subject.isMarkedHere) this.left.push(row);
  }

  #isRecorded({ recorded }: Case): boolean {
    return recorded.some((record) => record.tree.manifest.treeId === this.#treeId);
  }

  #isOtherRoot({ row, recorded }: Case): boolean {
    const proven = this.#context.trees.liveRoots.treesOf(row.pid);
    if (proven.size > 0 && !proven.has(this.#treeId)) return true;
    return recorded.some((record) => record.isRoot && record.tree.manifest.treeId !== this.#treeId);
  }

  /** A live installation of another kind records it and no manifest does: its marks are inherited. */
  #isClaimed({ row, recorded }: Case): boolean {
    return recorded.length === 0 && this.#context.others.claims.has(row.pid);
  }

  /** Its live owner is its parent and not planned: a record of it in this tree is damaged. */
  #isOwnedByAnother(subject: Case): boolean {
    const owner = liveOwner(subject)?.pid;
    if (owner === undefined || this.#planned.has(owner)) return false;
    return owner !== this.#context.snapshot.self.pid && !this.#above.has(owner);
  }

  /** A live parent outside the tree may have started the program itself, for example from a shell that inherited the marks. */
  #isOurMarkedProgram(subject: Case): boolean {
    if (subject.row.treeMark !== this.#treeId || !subject.isMarkedHere || !subject.isRoleProgram) return false;
    const { parent } = subject;
    if (parent === undefined || subject.adoption !== undefined || this.#planned.has(parent.pid)) return true;
    if (this.#context.trees.liveRoots.treesOf(subject.row.pid).has(this.#treeId)) return true;
    return parent.pid === this.#context.snapshot.self.pid || this.#context.isOwner(subject.owner, parent);
  }

  /**
   * A helper of a dead wrapper. Only a wrapper passes a Chroma role on, so the process was started below one. It is still in the session
   * that the tree's worker led: no process enters a session from outside, and its id is not reused while a member is alive.
   */
  #isStrandedHelper({ row, isMarkedHere, role }: Case): boolean {
    if (row.treeMark !== this.#treeId || !isMarkedHere || !isChromaRole(role)) return false;
    return this.#isInSessionOfTree(row) && isStranded(row, this.#context.index);
  }

  #isInSessionOfTree({ sid }: ProcessRow): boolean {
    const entries = this.#context.trees.tree(this.#treeId)?.entries ?? [];
    return entries.some((record) => record.identity.pid === sid && this.#hasLed(record));
  }

  /** A process with the pid of a dead leader leads that session itself: the kernel does not reuse a pid that is still a session's id. */
  #hasLed({ identity, presence }: RecordedEntry): boolean {
    const { snapshot, index } = this.#context;
    const present = index.byPid.get(identity.pid);
    if (present !== undefined) return compareIdentity(identity, present, snapshot) === 'same';
    return presence === 'gone' && identity.scope?.bootId === snapshot.bootId;
  }

  #mayBeEnded(row: ProcessRow): boolean {
    const { self, pidNamespace } = this.#context.snapshot;
    if (isZombie(row) || row.pid <= 1 || row.pid === self.pid || this.#above.has(row.pid)) return false;
    if (self.uid !== undefined && row.uid !== self.uid) return false;
    return row.pidNamespace === undefined || namespaceDigits(row.pidNamespace) === namespaceDigits(pidNamespace);
  }
}

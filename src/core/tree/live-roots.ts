import { compareIdentity, isZombie, parseOwnerMark } from '../process/identity.ts';
import type { ProcessIndex } from '../process/process-index.ts';
import { entryScriptRole, isChromaProgram } from '../process/role-program.ts';
import type { ProcessRow } from '../process/snapshot.ts';

/** The tree roots that the marks of live processes prove, independently of manifests. */
export class LiveRoots {
  readonly #index: ProcessIndex;
  #roots: ReadonlyMap<number, ReadonlySet<string>> | undefined;

  constructor(index: ProcessIndex) {
    this.#index = index;
  }

  /** The ids of the trees whose root is this process. */
  treesOf(pid: number): ReadonlySet<string> {
    this.#roots ??= this.#find();
    return this.#roots.get(pid) ?? NO_TREES;
  }

  hasRootOf(treeId: string): boolean {
    this.#roots ??= this.#find();
    return [...this.#roots.values()].some((trees) => trees.has(treeId));
  }

  #find(): ReadonlyMap<number, ReadonlySet<string>> {
    const roots = new Map<number, Set<string>>();
    this.#index.snapshot.processes.forEach((row) => {
      if (typeof row.treeMark !== 'string' || isZombie(row)) return;
      const root = isSupervisor(row) ? row : this.#rootAbove(row);
      if (root !== undefined) roots.set(root.pid, (roots.get(root.pid) ?? new Set()).add(row.treeMark));
    });
    return roots;
  }

  /** The parent, if the owner mark names it and it does not itself have an owner in the same tree. */
  #rootAbove(row: ProcessRow): ProcessRow | undefined {
    const owner = parseOwnerMark(row.ownerMark);
    const parent = this.#index.parentOf(row);
    if (owner === undefined || parent === undefined || isZombie(parent)) return undefined;
    if (compareIdentity(owner, parent, this.#index.snapshot) !== 'same') return undefined;
    const isOwned = parent.treeMark === row.treeMark && !isOwnerless(parent);
    return isOwned || isChromaProgram(parent) ? undefined : parent;
  }
}

/** A supervisor is always a root, and only roots have no owner mark. */
function isSupervisor(row: ProcessRow): boolean {
  return isOwnerless(row) && entryScriptRole(row) === 'supervisor';
}

function isOwnerless({ ownerMark }: ProcessRow): boolean {
  return ownerMark !== null && parseOwnerMark(ownerMark) === undefined;
}

const NO_TREES: ReadonlySet<string> = new Set();

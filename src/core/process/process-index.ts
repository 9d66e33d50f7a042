import { isNotYounger, isYounger, isZombie } from './identity.ts';
import type { ProcessRow, ProcessSnapshot } from './snapshot.ts';

/**
 * A snapshot with checked parent links: a child is never older than its parent, so a reused parent pid makes no link. (Windows never
 * clears a dead parent's pid.)
 */
export class ProcessIndex {
  readonly snapshot: ProcessSnapshot;
  readonly byPid: ReadonlyMap<number, ProcessRow>;
  #children: ReadonlyMap<number, ProcessRow[]> | undefined;

  constructor(snapshot: ProcessSnapshot) {
    this.snapshot = snapshot;
    const byPid = new Map<number, ProcessRow>();
    // Not `new Map(pairs)`: this runs for thousands of rows once a second.
    snapshot.processes.forEach((row) => byPid.set(row.pid, row));
    this.byPid = byPid;
  }

  /** The current parent: the process that spawned or adopted it. */
  parentOf(row: ProcessRow): ProcessRow | undefined {
    if (row.ppid === row.pid) return undefined;
    const parent = this.byPid.get(row.ppid);
    return parent !== undefined && isNotYounger(parent, row, this.snapshot) ? parent : undefined;
  }

  childrenOf(pid: number): readonly ProcessRow[] {
    this.#children ??= this.#familiesByParent();
    return this.#children.get(pid) ?? [];
  }

  /** Parent, grandparent and so on. Stops at a cycle, which a torn reading can show. */
  ancestorsOf(row: ProcessRow): readonly ProcessRow[] {
    const ancestors: ProcessRow[] = [];
    const seen = new Set([row.pid]);
    for (let parent = this.parentOf(row); parent !== undefined; parent = this.parentOf(parent)) {
      if (seen.has(parent.pid)) break;
      seen.add(parent.pid);
      ancestors.push(parent);
    }
    return ancestors;
  }

  /** All ancestor pids by parent pid alone, unchecked: the processes a command must never kill. */
  pidsAbove(pid: number): ReadonlySet<number> {
    const above = new Set<number>();
    for (
      let next = this.byPid.get(pid)?.ppid;
      next !== undefined && !above.has(next);
      next = this.byPid.get(next)?.ppid
    ) {
      above.add(next);
    }
    return above;
  }

  descendantsOf(pid: number): readonly ProcessRow[] {
    const found: ProcessRow[] = [];
    const seen = new Set([pid]);
    const open = [pid];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const child of this.childrenOf(next)) {
        if (seen.has(child.pid)) continue;
        seen.add(child.pid);
        found.push(child);
        open.push(child.pid);
      }
    }
    return found;
  }

  /** The rows, each after its parent. */
  topDown(): readonly ProcessRow[] {
    const { processes } = this.snapshot;
    const ordered = this.#appendTopDown(processes.filter((row) => this.parentOf(row) === undefined));
    if (ordered.size === processes.length) return [...ordered];
    // Rows of a cycle come last, from the smallest pid on, so that the result does not depend on the order of the table.
    const hidden = processes.filter((row) => !ordered.has(row));
    for (const row of hidden.sort((left, right) => left.pid - right.pid)) this.#appendTopDown([row], ordered);
    return [...ordered];
  }

  /** Whether the parent is gone: missing from a complete listing, or its pid belongs to a younger process. */
  isParentGone(row: ProcessRow): boolean {
    const present = this.byPid.get(row.ppid);
    return present === undefined ? this.snapshot.complete : isYounger(present, row, this.snapshot);
  }

  /** The process with this pid, unless it is a zombie. */
  livePid(pid: number | undefined): ProcessRow | undefined {
    const row = pid === undefined ? undefined : this.byPid.get(pid);
    return row !== undefined && !isZombie(row) ? row : undefined;
  }

  #familiesByParent(): ReadonlyMap<number, ProcessRow[]> {
    const families = new Map<number, ProcessRow[]>();
    this.snapshot.processes.forEach((row) => {
      const parent = this.parentOf(row);
      if (parent === undefined) return;
      const siblings = families.get(parent.pid);
      if (siblings === undefined) families.set(parent.pid, [row]);
      else siblings.push(row);
    });
    return families;
  }

  /** Adds the rows and their descendants, each parent before its children. The loop also visits the rows it appends. */
  #appendTopDown(rows: readonly ProcessRow[], ordered = new Set<ProcessRow>()): Set<ProcessRow> {
    const open = [...rows];
    for (const row of open) {
      if (ordered.has(row)) continue;
      ordered.add(row);
      for (const child of this.childrenOf(row.pid)) open.push(child);
    }
    return ordered;
  }
}

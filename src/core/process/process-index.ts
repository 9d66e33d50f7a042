import { isNotYounger, isYounger, isZombie } from './identity.ts';
import type { ProcessRow, ProcessSnapshot } from './snapshot.ts';

/**
 * A snapshot with its parent links checked: a child is never older than its parent, so a reused parent pid (Windows never clears
 * one) makes no family.
 */
export class ProcessIndex {
  readonly snapshot: ProcessSnapshot;
  readonly byPid: ReadonlyMap<number, ProcessRow>;
  #children: ReadonlyMap<number, ProcessRow[]> | undefined;

  constructor(snapshot: ProcessSnapshot) {
    this.snapshot = snapshot;
    const byPid = new Map<number, ProcessRow>();
    // Not from pairs: an index is made of thousands of rows once a second.
    snapshot.processes.forEach((row) => byPid.set(row.pid, row));
    this.byPid = byPid;
  }

  /** The process it hangs under now: who spawned it, or who adopted it. */
  parentOf(row: ProcessRow): ProcessRow | undefined {
    if (row.ppid === row.pid) return undefined;
    const parent = this.byPid.get(row.ppid);
    return parent !== undefined && isNotYounger(parent, row, this.snapshot) ? parent : undefined;
  }

  childrenOf(pid: number): readonly ProcessRow[] {
    this.#children ??= this.#familiesByParent();
    return this.#children.get(pid) ?? [];
  }

  /** Parent, grandparent and so on; ends at a cycle, which a torn reading could show. */
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

  /** Every pid above that one by parent pid alone, checked or not: whom a command must never end. */
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
    const ordered = this.#place(processes.filter((row) => this.parentOf(row) === undefined));
    if (ordered.size === processes.length) return [...ordered];
    // What a cycle hides comes too, after the rest and from its smallest pid on, so that the order of the table plays no part.
    const hidden = processes.filter((row) => !ordered.has(row));
    for (const row of hidden.sort((left, right) => left.pid - right.pid)) this.#place([row], ordered);
    return [...ordered];
  }

  /** The parent is not in a complete listing, or its pid went to somebody younger: whoever it was is gone. */
  isParentGone(row: ProcessRow): boolean {
    const present = this.byPid.get(row.ppid);
    return present === undefined ? this.snapshot.complete : isYounger(present, row, this.snapshot);
  }

  /** A process that is there and no zombie. */
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

  /** Adds the rows and what descends from them, breadth first: a parent comes before its children. The loop also visits what it appends. */
  #place(rows: readonly ProcessRow[], ordered = new Set<ProcessRow>()): Set<ProcessRow> {
    const open = [...rows];
    for (const row of open) {
      if (ordered.has(row)) continue;
      ordered.add(row);
      for (const child of this.childrenOf(row.pid)) open.push(child);
    }
    return ordered;
  }
}

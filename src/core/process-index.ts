import { isNotYounger, isYounger, isZombie } from './identity.ts';
import type { ProcessRow, ProcessSnapshot } from './snapshot.ts';

/**
 * A snapshot with its parent links checked: a child is never older than its parent, so a reused parent pid (Windows never clears
 * one) makes no family.
 */
export class ProcessIndex {
  readonly snapshot: ProcessSnapshot;
  readonly byPid: ReadonlyMap<number, ProcessRow>;
  readonly #children = new Map<number, ProcessRow[]>();
  /** Those without a parent in the table. */
  readonly #roots: ProcessRow[] = [];

  constructor(snapshot: ProcessSnapshot) {
    this.snapshot = snapshot;
    this.byPid = new Map(snapshot.processes.map((row) => [row.pid, row]));
    for (const row of snapshot.processes) {
      const parent = this.parentOf(row);
      if (parent === undefined) {
        this.#roots.push(row);
        continue;
      }
      const siblings = this.#children.get(parent.pid);
      if (siblings === undefined) this.#children.set(parent.pid, [row]);
      else siblings.push(row);
    }
  }

  /** The process it hangs under now: who spawned it, or who adopted it. */
  parentOf(row: ProcessRow): ProcessRow | undefined {
    if (row.ppid === row.pid) return undefined;
    const parent = this.byPid.get(row.ppid);
    return parent !== undefined && isNotYounger(parent, row, this.snapshot) ? parent : undefined;
  }

  childrenOf(pid: number): readonly ProcessRow[] {
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
    const ordered = new Set<ProcessRow>();
    this.#placeWithDescendants(this.#roots, ordered);
    if (ordered.size === this.snapshot.processes.length) return [...ordered];
    // What a cycle hides is judged too, after the rest and from its smallest pid on, so that the order of the rows plays no part.
    const hidden = this.snapshot.processes.filter((row) => !ordered.has(row));
    for (const row of hidden.sort((left, right) => left.pid - right.pid)) this.#placeWithDescendants([row], ordered);
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

  /** Breadth first: a parent always comes before its children. The loop also visits what it appends. */
  #placeWithDescendants(rows: readonly ProcessRow[], ordered: Set<ProcessRow>): void {
    const open = [...rows];
    for (const row of open) {
      if (ordered.has(row)) continue;
      ordered.add(row);
      open.push(...this.childrenOf(row.pid));
    }
  }
}

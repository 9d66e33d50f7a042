import { isZombie } from './identity.ts';
import { ProcessIndex } from './process-index.ts';
import type { ProcessRow, ProcessSnapshot } from './snapshot.ts';

/** How a process is known to have been started by what is watched. */
export type FoundBy = 'mark' | 'descent';

/** Where the watching begins, and what it can rest on. */
export interface WatchedOrigin {
  /** The process whose descendants are looked at. */
  readonly pid: number;
  /**
   * Whether every child of that process counts that was not there at the beginning: it adopts the orphans among its descendants and
   * starts nothing else. Otherwise only the `children` count.
   */
  readonly claimsChildren: boolean;
  /** Its children that are known to have been started by what is watched. */
  readonly children: ReadonlySet<number>;
}

/** Every process that was ever seen, by its identity: started by what is watched, or there before and what hangs below that. */
export interface Sightings {
  readonly started: ReadonlyMap<string, FoundBy>;
  readonly before: ReadonlySet<string>;
  /** Those that hung under another parent than the origin when they were seen. */
  readonly elsewhere: ReadonlySet<string>;
  /** Those that hung below nothing of the origin's when they were first seen: where the origin is pid 1 it adopts their children too. */
  readonly outside: ReadonlySet<string>;
}

export interface StartedProcess {
  readonly row: ProcessRow;
  readonly foundBy: FoundBy;
}

/** Names a process beyond its pid. */
export function identityKey(row: Pick<ProcessRow, 'pid' | 'startTicks' | 'startedAt'>): string {
  return `${row.pid}:${row.startTicks ?? row.startedAt}`;
}

/** What hangs below the origin before anything is started: it, and what it will start, is nobody's fault. */
export function sightingsBefore(snapshot: ProcessSnapshot, origin: Pick<WatchedOrigin, 'pid'>): Sightings {
  const before = new Set(new ProcessIndex(snapshot).descendantsOf(origin.pid).map(identityKey));
  const others = snapshot.processes.filter(({ pid }) => pid !== origin.pid).map(identityKey);
  return {
    started: new Map(),
    before,
    elsewhere: new Set(),
    outside: new Set(others.filter((key) => !before.has(key))),
  };
}

/**
 * Goes through one more snapshot. What was once seen to be started by what is watched stays so, wherever it hangs now; what it started
 * is as well.
 * @param marked pids whose environment bears the mark of this watch.
 */
export function sightAgain(
  snapshot: ProcessSnapshot,
  seen: Sightings,
  { origin, marked }: { readonly origin: WatchedOrigin; readonly marked: ReadonlySet<number> },
): { readonly sightings: Sightings; readonly alive: readonly StartedProcess[] } {
  const index = new ProcessIndex(snapshot);
  const started = new Map(seen.started);
  const before = new Set(seen.before);
  const elsewhere = new Set(seen.elsewhere);
  const outside = new Set(seen.outside);
  const alive: StartedProcess[] = [];
  for (const row of index.topDown()) {
    if (row.pid === origin.pid) continue;
    const key = identityKey(row);
    const parent = index.parentOf(row);
    if (parent?.pid !== origin.pid) elsewhere.add(key);
    const known = started.get(key) ?? (before.has(key) ? 'before' : undefined);
    const found =
      known ?? (marked.has(row.pid) ? 'mark' : inherited(row, parent, { started, before, outside, origin }));
    if (found === undefined) {
      if (isOutside(row, parent, outside)) outside.add(key);
      continue;
    }
    if (found === 'before') {
      before.add(key);
      continue;
    }
    started.set(key, found);
    if (!isZombie(row)) alive.push({ row, foundBy: found });
  }
  return { sightings: { started, before, elsewhere, outside }, alive };
}

function inherited(
  row: ProcessRow,
  parent: ProcessRow | undefined,
  {
    started,
    before,
    outside,
    origin,
  }: Pick<Sightings, 'started' | 'before' | 'outside'> & { readonly origin: WatchedOrigin },
): 'descent' | 'before' | undefined {
  if (parent === undefined) return undefined;
  if (parent.pid === origin.pid) {
    if (origin.children.has(row.pid)) return 'descent';
    if (!origin.claimsChildren) return undefined;
    return outside.has(identityKey(row)) ? 'before' : 'descent';
  }
  const key = identityKey(parent);
  if (started.has(key)) return 'descent';
  return before.has(key) ? 'before' : undefined;
}

/** Below what is outside, or put into this pid namespace from without (`docker exec`). A row that could not be read says nothing. */
function isOutside(row: ProcessRow, parent: ProcessRow | undefined, outside: ReadonlySet<string>): boolean {
  return parent === undefined ? row.ppid === 0 && row.startedAt !== '' : outside.has(identityKey(parent));
}

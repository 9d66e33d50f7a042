import { isZombie } from './identity.ts';
import { ProcessIndex } from './process-index.ts';
import type { ProcessRow, ProcessSnapshot } from './snapshot.ts';

/** The proof that the watched command started a process. */
export type FoundBy = 'mark' | 'descent';

/** The root of a watch. */
export interface WatchedOrigin {
  /** The process whose descendants are watched. */
  readonly pid: number;
  /**
   * Whether every new child of that process counts: it is a subreaper for its descendants and starts nothing else. If false, only the
   * `children` count.
   */
  readonly claimsChildren: boolean;
  /** Its children that belong to the watch. */
  readonly children: ReadonlySet<number>;
}

/** All processes seen so far, by identity. */
export interface Sightings {
  /** Started by the watched command. */
  readonly started: ReadonlyMap<string, FoundBy>;
  /** Descendants of the origin from before the watch, and their descendants. */
  readonly before: ReadonlySet<string>;
  /** Seen at least once under a parent other than the origin. */
  readonly elsewhere: ReadonlySet<string>;
  /** First seen outside the origin's descendants. If the origin is pid 1, it adopts their children too. */
  readonly outside: ReadonlySet<string>;
}

export interface StartedProcess {
  readonly row: ProcessRow;
  readonly foundBy: FoundBy;
}

/** A key that a reused pid does not share. */
export function identityKey(row: Pick<ProcessRow, 'pid' | 'startTicks' | 'startedAt'>): string {
  return `${row.pid}:${row.startTicks ?? row.startedAt}`;
}

/** The processes before the watched command starts. Existing descendants of the origin, and those they start later, do not count. */
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
 * Adds one more snapshot. A process that was once seen as started stays so under any parent, and so do its descendants.
 * @param marked pids whose environment has the mark of this watch.
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

/** Below an outside process, or started from outside this pid namespace (`docker exec`). An unreadable row proves nothing. */
function isOutside(row: ProcessRow, parent: ProcessRow | undefined, outside: ReadonlySet<string>): boolean {
  return parent === undefined ? row.ppid === 0 && row.startedAt !== '' : outside.has(identityKey(parent));
}

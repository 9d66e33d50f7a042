import type { PageHistory } from '../worker/page/page-history.ts';
import type { PageGroup, PageState } from '../worker/page/page-state.ts';

/** The memory of one process or group at one time. */
interface TrailPoint {
  /** Seconds since 1970. */
  readonly at: number;
  readonly bytes: number;
}

export type Trail = readonly TrailPoint[];

export const TRAIL_SECONDS = 600;

/** A process or group that is gone is forgotten with the next reading. */
export class Trails {
  #trails: ReadonlyMap<string, Trail> = new Map();

  of(key: string): Trail {
    return this.#trails.get(key) ?? [];
  }

  /** Adds the memory of a reading. */
  add({
    takenAt,
    processes,
    findings,
    groups,
  }: Pick<PageState, 'takenAt' | 'processes' | 'findings' | 'groups'>): void {
    const at = Date.parse(takenAt) / 1000;
    const measured = [
      ...[...processes, ...findings].map((process) => [process.key, process.memory.totalBytes] as const),
      ...groups.map((group) => [groupKey(group), group.memoryBytes] as const),
    ];
    this.#trails = new Map(measured.map(([key, bytes]) => [key, longer(this.of(key), at, bytes)]));
  }

  /** Adds what the supervisor sampled before the first reading, for roles with one process. */
  precede({ recentMemory }: Pick<PageHistory, 'recentMemory'>, { processes }: Pick<PageState, 'processes'>): void {
    const trails = new Map(this.#trails);
    for (const process of processes) {
      const isAlone = processes.filter(({ role }) => role === process.role).length === 1;
      const sampled = recentMemory[(process.role ?? 'other') as keyof typeof recentMemory];
      if (!isAlone || sampled === undefined) continue;
      const trail = this.of(process.key);
      const born = Date.parse(process.startedAt) / 1000;
      const first = trail[0]?.at ?? Infinity;
      const earlier = sampled.filter(([at]) => at >= born && at < first).map(([at, bytes]) => ({ at, bytes }));
      trails.set(process.key, [...earlier, ...trail]);
    }
    this.#trails = trails;
  }
}

/** The same for the same leaks in the next reading, as far as their owner or session is known. */
export function groupKey({ verdict, owner, sessionId, pids }: PageGroup): string {
  const origin = owner === null ? `${sessionId ?? ''} ${sessionId === null ? (pids[0] ?? '') : ''}` : ownerKey(owner);
  return `${verdict} ${origin}`;
}

function ownerKey({ pid, treeId }: NonNullable<PageGroup['owner']>): string {
  return `owner ${pid} ${treeId ?? ''}`;
}

function longer(trail: Trail, at: number, bytes: number | null): Trail {
  const kept = trail.filter((point) => point.at >= at - TRAIL_SECONDS);
  return bytes === null || (kept.at(-1)?.at ?? 0) >= at ? kept : [...kept, { at, bytes }];
}

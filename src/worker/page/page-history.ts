import { totalUse, type RoleUse, type Sample, type SampledRole } from '../../core/health/sample.ts';
import { dateSamples, gapsBetween, type DatedSample } from '../../core/health/sample-time.ts';

/** The samples as the page draws them. Field names are API: add, never rename. */
export interface PageHistory {
  readonly schemaVersion: 1;
  /** Start of the requested period, ISO 8601. */
  readonly since: string;
  /** Oldest first; a point without values marks a period without data. */
  readonly points: readonly HistoryPoint[];
  /**
   * Memory of the last ten minutes by role, oldest first: seconds since 1970 and bytes. Only of roles with one process,
   * so that each figure is that of a process.
   */
  readonly recentMemory: Readonly<Partial<Record<SampledRole, readonly RecentMemory[]>>>;
  /** Number of damaged samples, which are left out. */
  readonly damagedSamples: number;
  readonly unreadableFiles: readonly { readonly file: string; readonly reason: string }[];
}

export interface HistoryPoint {
  /** Seconds since 1970. */
  readonly at: number;
  /** Number of processes in the tree. */
  readonly processes: number | null;
  readonly memoryBytes: number | null;
  /** Orphans and excess. */
  readonly leaks: number | null;
  /** Of the tree, in percent of one core. */
  readonly cpuPercent: number | null;
  /** Memory of orphans and excess. */
  readonly leakedBytes: number | null;
}

type RecentMemory = readonly [at: number, bytes: number];

/** The samples that were read. */
export interface SampleSource {
  readonly samples: readonly Sample[];
  readonly damaged: number;
  readonly unreadable: PageHistory['unreadableFiles'];
}

/** About the number of pixels of a wide screen. */
const MOST_POINTS = 800;
const RECENT_MS = 600_000;

/** Reduces the samples since then to as many points as are visible; each point is the peak of its samples. Pure. */
export function describeHistory(
  { samples, damaged, unreadable }: SampleSource,
  { sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number },
): PageHistory {
  const dated = dateSamples(samples).filter(({ atMs }) => atMs >= sinceMs && atMs <= untilMs);
  const bucketMs = Math.max(1, (untilMs - sinceMs) / MOST_POINTS);
  const buckets = new Map<number, DatedSample[]>();
  for (const one of dated) {
    const key = Math.floor(one.atMs / bucketMs);
    buckets.set(key, [...(buckets.get(key) ?? []), one]);
  }
  const gaps = gapsBetween(dated, untilMs).slice(0, MOST_POINTS);
  const unknown = gaps.map(({ fromMs }) => ({
    at: fromMs / 1000 + 1,
    processes: null,
    memoryBytes: null,
    leaks: null,
    cpuPercent: null,
    leakedBytes: null,
  }));
  return {
    schemaVersion: 1,
    since: new Date(sinceMs).toISOString(),
    points: [...[...buckets.values()].map(peakOf), ...unknown].sort((left, right) => left.at - right.at),
    recentMemory: recentMemory(samples, untilMs),
    damagedSamples: damaged,
    unreadableFiles: unreadable,
  };
}

function peakOf(dated: readonly DatedSample[]): HistoryPoint {
  const totals = dated.map(({ sample }) => totalUse(sample));
  return {
    at: Math.max(...dated.map(({ atMs }) => atMs)) / 1000,
    processes: highest(totals.map(({ processes }) => processes)),
    memoryBytes: highest(totals.map(({ memoryBytes }) => memoryBytes)),
    leaks: highest(
      dated.map(({ sample: { orphans, excess } }) => (orphans === null || excess === null ? null : orphans + excess)),
    ),
    cpuPercent: highest(totals.map(({ cpuPercent }) => cpuPercent)),
    leakedBytes: highest(dated.map(({ sample }) => sample.leakedBytes)),
  };
}

function recentMemory(samples: readonly Sample[], untilMs: number): PageHistory['recentMemory'] {
  const byRole: Partial<Record<SampledRole, RecentMemory[]>> = {};
  for (const { atMs, sample } of dateSamples(samples)) {
    if (atMs < untilMs - RECENT_MS || atMs > untilMs) continue;
    for (const [role, { processes, memoryBytes }] of Object.entries(sample.roles) as [SampledRole, RoleUse][]) {
      if (processes === 1 && memoryBytes !== null) (byRole[role] ??= []).push([atMs / 1000, memoryBytes]);
    }
  }
  return byRole;
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

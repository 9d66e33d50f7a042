import { totalUse, type Sample } from '../../core/health/sample.ts';
import { dateSamples, gapsBetween, type DatedSample } from '../../core/health/sample-time.ts';

/** What the samples tell, as the page draws it. Field names are API: add, never rename. */
export interface PageHistory {
  readonly schemaVersion: 1;
  /** ISO 8601; what was asked for. */
  readonly since: string;
  /** Oldest first; one without values stands where nothing is known. */
  readonly points: readonly HistoryPoint[];
  /** Samples that are damaged and left out. */
  readonly damagedSamples: number;
  readonly unreadableFiles: readonly { readonly file: string; readonly reason: string }[];
}

export interface HistoryPoint {
  /** Seconds since 1970. */
  readonly at: number;
  /** Of the tree. */
  readonly processes: number | null;
  readonly memoryBytes: number | null;
  /** Orphans and excess. */
  readonly leaks: number | null;
}

/** What was read of the samples. */
export interface SampleSource {
  readonly samples: readonly Sample[];
  readonly damaged: number;
  readonly unreadable: PageHistory['unreadableFiles'];
}

/** As many as a wide screen has pixels for. */
const MOST_POINTS = 800;

/** Puts together what was since then, in as many points as can be seen; each the peak of what it stands for. Pure. */
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
  }));
  return {
    schemaVersion: 1,
    since: new Date(sinceMs).toISOString(),
    points: [...[...buckets.values()].map(peakOf), ...unknown].sort((left, right) => left.at - right.at),
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
  };
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

import type { PageState } from '../worker/page/page-state.ts';

/** One point of the plots; null means unknown. */
export interface Point {
  /** Seconds since 1970. */
  readonly at: number;
  readonly processes: number | null;
  readonly memoryBytes: number | null;
  readonly leaks: number | null;
  readonly leakedBytes: number | null;
}

/** Half a day at the usual interval. */
const MOST_POINTS = 10_000;
/** Seconds. Three readings are missing: the page was not visible or the worker did not answer. */
const GAP_SECONDS = 20;

export function pointOf({ takenAt, processes, summary }: PageState): Point {
  return {
    at: Date.parse(takenAt) / 1000,
    processes: processes.length,
    memoryBytes: sumKnown(processes.map(({ memory }) => memory.totalBytes)),
    leaks: summary.orphans + summary.excess,
    leakedBytes: summary.leakedMemoryBytes,
  };
}

/** Appends a point and drops the oldest beyond the limit. A reading that was shared is added once. */
export function addPoint(points: readonly Point[], point: Point): readonly Point[] {
  const last = points.at(-1);
  if (last !== undefined && point.at <= last.at) return points;
  return [...points, point].slice(-MOST_POINTS);
}

/** Whether readings are missing between the two points. */
export function isGap(earlier: Point | undefined, later: Point): boolean {
  return earlier !== undefined && later.at - earlier.at > GAP_SECONDS;
}

/**
 * Joins earlier samples with the readings of this page, from the given second on. From the first reading on, only
 * readings count.
 */
export function joinPoints(history: readonly Point[], live: readonly Point[], sinceSeconds: number): readonly Point[] {
  const firstLive = live[0]?.at ?? Number.POSITIVE_INFINITY;
  return [...history.filter(({ at }) => at < firstLive), ...withGaps(live)].filter(({ at }) => at >= sinceSeconds);
}

/** Breaks the line where there was no reading. */
function withGaps(points: readonly Point[]): readonly Point[] {
  return points.flatMap((point, position) => {
    const previous = points[position - 1];
    if (previous === undefined || !isGap(previous, point)) return [point];
    const gap = { at: previous.at + 1, processes: null, memoryBytes: null, leaks: null, leakedBytes: null };
    return [gap, point];
  });
}

export function sumKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

import type { PageState } from '../worker/page/page-state.ts';

/** One point of the plots; null means unknown. */
export interface Point {
  /** Seconds since 1970. */
  readonly at: number;
  readonly processes: number | null;
  readonly memoryBytes: number | null;
  readonly leaks: number | null;
  readonly leakedBytes: number | null;
  /** Of the tree, in percent of one core. */
  readonly cpuPercent: number | null;
}

const UNKNOWN = { processes: null, memoryBytes: null, leaks: null, leakedBytes: null, cpuPercent: null };

/** Half a day at the usual interval. */
const MOST_POINTS = 10_000;
/** Seconds. Three readings are missing: the page was not visible or the worker did not answer. */
const GAP_SECONDS = 20;

export function pointOf({ takenAt, processes, summary }: PageState, cpuPercent: number | null): Point {
  return {
    at: Date.parse(takenAt) / 1000,
    processes: processes.length,
    memoryBytes: sumKnown(processes.map(({ memory }) => memory.totalBytes)),
    leaks: summary.orphans + summary.excess,
    leakedBytes: summary.leakedMemoryBytes,
    cpuPercent,
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
  const earlier = history.filter(({ at }) => at < firstLive);
  return [...earlier, ...withGaps(withFirstCpu(live, earlier.at(-1)))].filter(({ at }) => at >= sinceSeconds);
}

/** The first reading has no CPU use of its own: the supervisor's sample of a few seconds before closes the gap. */
function withFirstCpu(live: readonly Point[], sampled: Point | undefined): readonly Point[] {
  const [first, ...rest] = live;
  if (first === undefined || sampled === undefined || first.cpuPercent !== null || isGap(sampled, first)) return live;
  return [{ ...first, cpuPercent: sampled.cpuPercent }, ...rest];
}

/** Breaks the line where there was no reading. */
function withGaps(points: readonly Point[]): readonly Point[] {
  return points.flatMap((point, position) => {
    const previous = points[position - 1];
    if (previous === undefined || !isGap(previous, point)) return [point];
    return [{ ...UNKNOWN, at: previous.at + 1 }, point];
  });
}

export function sumKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

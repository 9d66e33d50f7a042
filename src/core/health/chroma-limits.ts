/** Limits for wrapper and python together; 0: no limit. */
export interface ChromaLimits {
  /** PSS + swap. */
  readonly memoryBytes: number;
  /** Percent of one core, averaged over a minute. */
  readonly cpuPercent: number;
}

/** The use of one Chroma, wrapper and python together, at one moment. */
export interface ChromaReading {
  /** Milliseconds on a monotonic clock. */
  readonly atMs: number;
  readonly memoryBytes: number | null;
  readonly cpuPercent: number | null;
}

/** Loading the model or an index causes memory peaks, so one reading proves nothing. */
const MEMORY_READINGS = 2;
/** Averaging window for CPU, in milliseconds. */
export const CPU_WINDOW_MS = 60_000;

/**
 * Says for people why a Chroma is over its limits; undefined if it is not, or if there are too few readings to decide.
 * @param readings of the same Chroma, oldest first.
 */
export function overLimit(readings: readonly ChromaReading[], limits: ChromaLimits): string | undefined {
  return overMemory(readings, limits.memoryBytes) ?? overCpu(readings, limits.cpuPercent);
}

function overMemory(readings: readonly ChromaReading[], limit: number): string | undefined {
  const recent = readings.slice(-MEMORY_READINGS).map(({ memoryBytes }) => memoryBytes ?? 0);
  const isOver = limit > 0 && recent.length === MEMORY_READINGS && recent.every((bytes) => bytes > limit);
  return isOver
    ? `Chroma used ${formatMegabytes(recent.at(-1) ?? 0)}, over its limit of ${formatMegabytes(limit)}`
    : undefined;
}

function overCpu(readings: readonly ChromaReading[], limit: number): string | undefined {
  const last = readings.at(-1);
  if (limit === 0 || last === undefined) return undefined;
  const windowStart = last.atMs - CPU_WINDOW_MS;
  // With less than a minute of readings, the average would be a start-up peak.
  if (!readings.some(({ atMs }) => atMs <= windowStart)) return undefined;
  const shares = readings.filter(({ atMs }) => atMs > windowStart).map(({ cpuPercent }) => cpuPercent ?? 0);
  const mean = Math.round(shares.reduce((sum, share) => sum + share, 0) / shares.length);
  return mean > limit ? `Chroma used ${mean} % of a core for a minute, over its limit of ${limit} %` : undefined;
}

/** The unit of the setting, and the decimal one of all other sizes that are shown: 2048 is 2048 MB, or 2.0 GB. */
export const BYTES_PER_MB = 1_000_000;

/** `2048 MB`: in the unit of the setting and without separators, so that a limit looks as it was set. */
export function formatMegabytes(bytes: number): string {
  return `${Math.round(bytes / BYTES_PER_MB)} MB`;
}

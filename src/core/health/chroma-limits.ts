/** What wrapper and python together may use; 0: any amount. */
export interface ChromaLimits {
  /** PSS + swap. */
  readonly memoryBytes: number;
  /** Of one core, averaged over a minute. */
  readonly cpuPercent: number;
}

/** What one Chroma, wrapper and python together, used when a sample was taken. */
export interface ChromaReading {
  /** Milliseconds on a clock that never steps. */
  readonly atMs: number;
  readonly memoryBytes: number | null;
  readonly cpuPercent: number | null;
}

/** Loading the model or an index makes peaks, so one reading proves nothing. */
const MEMORY_READINGS = 2;
/** CPU is averaged over this, in milliseconds. */
export const CPU_WINDOW_MS = 60_000;

/**
 * Why a Chroma is over its limits, in words for people; undefined if it is not, or if that cannot be told yet.
 * @param readings of one and the same Chroma, oldest first.
 */
export function overLimit(readings: readonly ChromaReading[], limits: ChromaLimits): string | undefined {
  return overMemory(readings, limits.memoryBytes) ?? overCpu(readings, limits.cpuPercent);
}

function overMemory(readings: readonly ChromaReading[], limit: number): string | undefined {
  const recent = readings.slice(-MEMORY_READINGS).map(({ memoryBytes }) => memoryBytes ?? 0);
  const isOver = limit > 0 && recent.length === MEMORY_READINGS && recent.every((bytes) => bytes > limit);
  return isOver
    ? `Chroma held ${megabytes(recent.at(-1) ?? 0)} MB, over its limit of ${megabytes(limit)} MB`
    : undefined;
}

function overCpu(readings: readonly ChromaReading[], limit: number): string | undefined {
  const last = readings.at(-1);
  if (limit === 0 || last === undefined) return undefined;
  const windowStart = last.atMs - CPU_WINDOW_MS;
  // One that has not been watched for a whole minute is only starting.
  if (!readings.some(({ atMs }) => atMs <= windowStart)) return undefined;
  const shares = readings.filter(({ atMs }) => atMs > windowStart).map(({ cpuPercent }) => cpuPercent ?? 0);
  const mean = Math.round(shares.reduce((sum, share) => sum + share, 0) / shares.length);
  return mean > limit ? `Chroma used ${mean} % of a core for a minute, over its limit of ${limit} %` : undefined;
}

/** As the setting counts them: 1,048,576 bytes. */
function megabytes(bytes: number): number {
  return Math.round(bytes / BYTES_PER_MB);
}

export const BYTES_PER_MB = 1024 * 1024;

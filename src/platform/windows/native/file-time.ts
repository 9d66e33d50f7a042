/** 100 ns units per millisecond, and from 1601-01-01 to 1970-01-01 and 2020-01-01, UTC. */
const UNITS_PER_MS = 10_000n;
const UNIX_EPOCH = 116_444_736_000_000_000n;
const TICKS_EPOCH = 132_223_104_000_000_000n;
/** Ticks of CPU time, 100 per second, are 100,000 units of 100 ns. */
const UNITS_PER_CPU_TICK = 100_000n;

/**
 * The start of a process in 100 ns units since 2020-01-01, which are exact as a number until 2048. Windows stores the wall clock of the
 * start and never changes it, so that it differs between boots too. Undefined if unknown (0) or older, as on a machine with a wrong clock.
 */
export function startTicksOf(fileTime: bigint): number | undefined {
  return fileTime >= TICKS_EPOCH ? Number(fileTime - TICKS_EPOCH) : undefined;
}

/** ISO 8601, milliseconds; empty if unknown (0). */
export function isoTimeOf(fileTime: bigint): string {
  return fileTime <= 0n ? '' : new Date(Number((fileTime - UNIX_EPOCH) / UNITS_PER_MS)).toISOString();
}

export function cpuTicksOf(units: bigint): number {
  return Number(units / UNITS_PER_CPU_TICK);
}

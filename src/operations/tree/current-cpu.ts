import { TICKS_PER_SECOND } from '../../core/process/identity.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { keyOf } from '../terminate/terminate-until-quiet.ts';

/** The CPU times of some processes at one moment. */
export interface CpuTimes {
  /** Milliseconds on a monotonic clock. */
  readonly atMs: number;
  /** Time of the listing behind it, in ticks since boot. */
  readonly listedAtTicks: number | undefined;
  /** User and system time in ticks, by identity. */
  readonly ticks: ReadonlyMap<string, number>;
}

const MS_PER_TICK = 1000 / TICKS_PER_SECOND;

/** Percent of one core since an earlier moment, with one decimal; null if unknown. */
export function cpuPercentSince(before: CpuTimes | undefined, now: CpuTimes, row: ProcessRow): number | null {
  const key = keyOf({ row });
  const ticks = now.ticks.get(key);
  const elapsedMs = before === undefined ? 0 : now.atMs - before.atMs;
  if (before === undefined || ticks === undefined || elapsedMs <= 0) return null;
  // A process born since then has used all its CPU time since then; an older one that joined the tree has not.
  const earlier = before.ticks.get(key) ?? (wasThere(before, row) ? undefined : 0);
  if (earlier === undefined) return null;
  return Math.max(0, Math.round((((ticks - earlier) * MS_PER_TICK) / elapsedMs) * 1000) / 10);
}

function wasThere({ listedAtTicks }: CpuTimes, { startTicks }: ProcessRow): boolean {
  return listedAtTicks !== undefined && startTicks !== undefined && startTicks <= listedAtTicks;
}

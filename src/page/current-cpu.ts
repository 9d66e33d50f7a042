import type { PageProcess, PageState } from '../worker/page/page-state.ts';
import { sumKnown } from './points.ts';

/** The CPU use of each process between two readings, in percent of one core; null if unknown. */
export type CpuUse = ReadonlyMap<string, number | null>;

type Reading = Pick<PageState, 'takenAt' | 'processes'>;

/** In milliseconds. After a longer pause, the average since the previous reading is not the current use. */
const LONGEST_MS = 20_000;

/** Compares the CPU times of two readings. A process that started in between has used all its CPU time since then. */
export function currentCpu(earlier: Reading | undefined, later: Reading): CpuUse {
  const elapsedMs = earlier === undefined ? 0 : Date.parse(later.takenAt) - Date.parse(earlier.takenAt);
  const before = new Map(earlier?.processes.map((process) => [process.key, process.cpuSeconds]));
  const use = (process: PageProcess): number | null => {
    if (earlier === undefined || elapsedMs <= 0 || elapsedMs > LONGEST_MS) return null;
    const isNew = Date.parse(process.startedAt) >= Date.parse(earlier.takenAt);
    const used = before.get(process.key) ?? (isNew ? 0 : null);
    if (used === null || process.cpuSeconds === null) return null;
    return Math.max(0, ((process.cpuSeconds - used) * 100_000) / elapsedMs);
  };
  return new Map(later.processes.map((process) => [process.key, use(process)]));
}

/** The sum of all processes; null if none is known. */
export function totalCpu(use: CpuUse): number | null {
  return sumKnown([...use.values()]);
}

/** `12.3 %`; `–` before the second reading. */
export function formatPercent(percent: number | null | undefined): string {
  return typeof percent === 'number' ? `${percent.toFixed(1)} %` : '–';
}

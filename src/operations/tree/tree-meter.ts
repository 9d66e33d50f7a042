import { isZombie } from '../../core/process/identity.ts';
import type { Role } from '../../core/tree/manifest.ts';
import type { RoleUse, Sample, SampledRole } from '../../core/health/sample.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { keyOf } from '../terminate/terminate-until-quiet.ts';
import type { Observation } from '../observe/observe.ts';
import type { MeasuredProcess, MeasureProcess } from '../ports/tree.ts';
import { cpuPercentSince, type CpuTimes } from './current-cpu.ts';

/** Memory and CPU of one process of the tree. */
export interface MemberUse {
  readonly row: ProcessRow;
  readonly role: Role | null;
  readonly memoryBytes: number | null;
  readonly memoryKind: Sample['memoryKind'];
  /** Percent of one core since the previous measurement; null if unknown. */
  readonly cpuPercent: number | null;
}

/** Measures the processes of this process's own tree repeatedly. The list of processes comes from an observation that may be seconds old. */
export class TreeMeter {
  readonly #treeId: string;
  readonly #measure: MeasureProcess | null;
  #before: CpuTimes | undefined;

  constructor(treeId: string, measure: MeasureProcess | null) {
    this.#treeId = treeId;
    this.#measure = measure;
  }

  /** @param nowMs milliseconds on a monotonic clock. */
  measure(observation: Observation, nowMs: number): readonly MemberUse[] {
    const ticks = new Map<string, number>();
    const measured = this.#members(observation).flatMap(({ row, role }) => {
      const use = this.#measureRow(row);
      if (use?.cpuTicks !== undefined) ticks.set(keyOf({ row }), use.cpuTicks);
      return use === undefined ? [] : [{ row, role, ...memoryOf(use) }];
    });
    const now: CpuTimes = { atMs: nowMs, listedAtTicks: observation.reading.snapshot.nowTicks, ticks };
    const uses = measured.map((use) => ({ ...use, cpuPercent: cpuPercentSince(this.#before, now, use.row) }));
    this.#before = now;
    return uses;
  }

  /** Adds this process, the root: `classify` gives no verdict on itself. */
  #members({ judgements, reading: { snapshot } }: Observation): readonly Pick<MemberUse, 'row' | 'role'>[] {
    const self = snapshot.processes.find(({ pid }) => pid === snapshot.self.pid);
    const below = judgements.filter(({ verdict, treeId }) => verdict === 'managed' && treeId === this.#treeId);
    return [...(self === undefined ? [] : [{ row: self, role: 'supervisor' as const }]), ...below];
  }

  /** Undefined if the process is gone, also if its pid is reused. */
  #measureRow(row: ProcessRow): MeasuredProcess | undefined {
    if (this.#measure === null) return row;
    const measured = this.#measure(row.pid);
    if (measured === undefined || measured.startTicks !== row.startTicks || isZombie(measured)) return undefined;
    return measured;
  }
}

/** Sums the use per role. */
export function usesByRole(uses: readonly MemberUse[]): Sample['roles'] {
  const byRole = new Map<SampledRole, RoleUse>();
  for (const { role, memoryBytes, cpuPercent } of uses) {
    const before = byRole.get(role ?? 'other') ?? { processes: 0, memoryBytes: 0, cpuPercent: 0 };
    byRole.set(role ?? 'other', {
      processes: before.processes + 1,
      memoryBytes: sum(before.memoryBytes, memoryBytes),
      cpuPercent: sum(before.cpuPercent, cpuPercent),
    });
  }
  return Object.fromEntries(byRole);
}

/** Null if a part is unknown: a partial sum would look too small. */
function sum(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : Math.round((left + right) * 10) / 10;
}

function memoryOf({ pssBytes, swapBytes, rssBytes }: MeasuredProcess): Pick<MemberUse, 'memoryBytes' | 'memoryKind'> {
  if (pssBytes !== undefined) return { memoryBytes: pssBytes + (swapBytes ?? 0), memoryKind: 'pss+swap' };
  if (rssBytes !== undefined) return { memoryBytes: rssBytes, memoryKind: 'rss' };
  return { memoryBytes: null, memoryKind: null };
}

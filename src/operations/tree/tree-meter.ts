import { isZombie, TICKS_PER_SECOND } from '../../core/process/identity.ts';
import type { Role } from '../../core/tree/manifest.ts';
import type { RoleUse, Sample, SampledRole } from '../../core/health/sample.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { keyOf } from '../terminate/terminate-until-quiet.ts';
import type { Observation } from '../observe/observe.ts';
import type { MeasuredProcess, MeasureProcess } from '../ports/tree.ts';

/** What one process of the tree uses. */
export interface MemberUse {
  readonly row: ProcessRow;
  readonly role: Role | null;
  readonly memoryBytes: number | null;
  readonly memoryKind: Sample['memoryKind'];
  /** Since the measurement before, in percent of one core; null where that cannot be told. */
  readonly cpuPercent: number | null;
}

const MS_PER_TICK = 1000 / TICKS_PER_SECOND;

/** Measures the processes of one tree, which is this process's own, again and again. Who they are comes from a look at the process table, which may be seconds old. */
export class TreeMeter {
  readonly #treeId: string;
  readonly #measure: MeasureProcess | null;
  #cpuTicks: ReadonlyMap<string, number> = new Map();
  #measuredAtMs: number | undefined;
  /** When the look was taken that the last measurement rests on. */
  #lookedAtTicks: number | undefined;

  constructor(treeId: string, measure: MeasureProcess | null) {
    this.#treeId = treeId;
    this.#measure = measure;
  }

  /** @param nowMs milliseconds on a clock that never steps. */
  measure(observation: Observation, nowMs: number): readonly MemberUse[] {
    const ticks = new Map<string, number>();
    const elapsedMs = this.#measuredAtMs === undefined ? undefined : nowMs - this.#measuredAtMs;
    const uses = this.#members(observation).flatMap(({ row, role }) => {
      const measured = this.#measureRow(row);
      if (measured === undefined) return [];
      const key = keyOf({ row });
      if (measured.cpuTicks !== undefined) ticks.set(key, measured.cpuTicks);
      return [{ row, role, ...memoryOf(measured), cpuPercent: this.#cpuPercent(row, measured.cpuTicks, elapsedMs) }];
    });
    this.#cpuTicks = ticks;
    this.#measuredAtMs = nowMs;
    this.#lookedAtTicks = observation.reading.snapshot.nowTicks;
    return uses;
  }

  /** A process passes no judgement on itself, and the root of the tree is who measures. */
  #members({ judgements, reading: { snapshot } }: Observation): readonly Pick<MemberUse, 'row' | 'role'>[] {
    const self = snapshot.processes.find(({ pid }) => pid === snapshot.self.pid);
    const below = judgements.filter(({ verdict, treeId }) => verdict === 'managed' && treeId === this.#treeId);
    return [...(self === undefined ? [] : [{ row: self, role: 'supervisor' as const }]), ...below];
  }

  /** Undefined for one that is gone, or whose pid is another's by now. */
  #measureRow(row: ProcessRow): MeasuredProcess | undefined {
    if (this.#measure === null) return row;
    const measured = this.#measure(row.pid);
    if (measured === undefined || measured.startTicks !== row.startTicks || isZombie(measured)) return undefined;
    return measured;
  }

  /** One that was born since the last look has used all its time since; one that only came to the tree since has not. */
  #cpuPercent(row: ProcessRow, ticks: number | undefined, elapsedMs: number | undefined): number | null {
    if (ticks === undefined || elapsedMs === undefined || elapsedMs <= 0) return null;
    const before = this.#cpuTicks.get(keyOf({ row })) ?? (this.#wasThere(row) ? undefined : 0);
    if (before === undefined) return null;
    const usedMs = (ticks - before) * MS_PER_TICK;
    return Math.round((usedMs / elapsedMs) * 1000) / 10;
  }

  #wasThere({ startTicks }: ProcessRow): boolean {
    return this.#lookedAtTicks !== undefined && startTicks !== undefined && startTicks <= this.#lookedAtTicks;
  }
}

/** What the roles of a tree use together. */
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

/** A sum of which a part is not known is not known: it would look like less. */
function sum(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : Math.round((left + right) * 10) / 10;
}

function memoryOf({ pssBytes, swapBytes, rssBytes }: MeasuredProcess): Pick<MemberUse, 'memoryBytes' | 'memoryKind'> {
  if (pssBytes !== undefined) return { memoryBytes: pssBytes + (swapBytes ?? 0), memoryKind: 'pss+swap' };
  if (rssBytes !== undefined) return { memoryBytes: rssBytes, memoryKind: 'rss' };
  return { memoryBytes: null, memoryKind: null };
}

import type { RoleUse, Sample } from '../../core/health/sample.ts';

/** A sample with its sequence number on this data dir. */
export interface NumberedSample {
  readonly sequence: number;
  readonly sample: Sample;
}

/** Format version. Another number comes from a later version. */
const VERSION = 1;

type CompactUse = readonly [processes: number, memoryBytes: number | null, cpuPercent: number | null];

/**
 * Short names, because every slot has the same limited length. The number comes first, so that it can be read without
 * parsing the rest.
 */
interface Compact {
  readonly n: number;
  readonly v: number;
  readonly t: number;
  readonly u: number;
  readonly b: string | null;
  readonly s: number;
  readonly i: string;
  readonly g: string;
  readonly r: number;
  readonly k: Sample['memoryKind'];
  readonly o: number | null;
  readonly x: number | null;
  /** Earlier versions wrote none. */
  readonly l?: number | null;
  readonly p: Readonly<Record<string, CompactUse>>;
}

export function formatSample({ sequence, sample }: NumberedSample): string {
  const roles = Object.entries(sample.roles).map(([role, use]) => [role, compactUse(use)] as const);
  const compact: Compact = {
    n: sequence,
    v: VERSION,
    t: Math.round(sample.takenAtMs),
    u: Math.round(sample.uptimeMs),
    b: sample.bootId,
    s: Math.round(sample.spanMs),
    i: sample.treeId,
    g: sample.state,
    r: sample.restarts,
    k: sample.memoryKind,
    o: sample.orphans,
    x: sample.excess,
    l: sample.leakedBytes,
    p: Object.fromEntries(roles),
  };
  return JSON.stringify(compact);
}

/** Undefined for a sample of another version. */
export function parseSample(text: string): NumberedSample | undefined {
  try {
    const compact = JSON.parse(text) as Compact;
    if (compact.v !== VERSION) return undefined;
    const roles = Object.entries(compact.p).map(([role, use]) => [role, fullUse(use)] as const);
    return {
      sequence: compact.n,
      sample: {
        takenAtMs: compact.t,
        uptimeMs: compact.u,
        bootId: compact.b,
        spanMs: compact.s,
        treeId: compact.i,
        state: compact.g,
        restarts: compact.r,
        memoryKind: compact.k,
        orphans: compact.o,
        excess: compact.x,
        leakedBytes: compact.l ?? null,
        roles: Object.fromEntries(roles),
      },
    };
  } catch {
    return undefined;
  }
}

/** The sequence number only; -1 if there is none. */
export function sequenceOf(text: string): number {
  return Number(/^\{"n":(\d{1,15}),/.exec(text)?.[1] ?? -1);
}

function compactUse({ processes, memoryBytes, cpuPercent }: RoleUse): CompactUse {
  return [processes, memoryBytes === null ? null : Math.round(memoryBytes), cpuPercent];
}

function fullUse([processes, memoryBytes, cpuPercent]: CompactUse): RoleUse {
  return { processes, memoryBytes, cpuPercent };
}

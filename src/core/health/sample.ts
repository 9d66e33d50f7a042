import type { Role } from '../tree/manifest.ts';

/** `other`: a managed process of the tree whose role nothing tells, such as a program that was started in it. */
export type SampledRole = Role | 'other';

/** What the processes of one role used when a sample was taken. */
export interface RoleUse {
  readonly processes: number;
  /** All of them together; null where it could not be read. */
  readonly memoryBytes: number | null;
  /** Since the sample before, in percent of one core; null for the first. */
  readonly cpuPercent: number | null;
}

/** The tree at one moment, or the peaks of several: what `history` draws. */
export interface Sample {
  /** Wall clock, milliseconds since 1970. */
  readonly takenAtMs: number;
  /** Uptime of the machine, in milliseconds: no clock step moves it. */
  readonly uptimeMs: number;
  readonly bootId: string | null;
  /** How much time before `takenAtMs` it stands for, in milliseconds. */
  readonly spanMs: number;
  readonly treeId: string;
  readonly state: string;
  /** Of the worker, after crashes, since the tree was started. */
  readonly restarts: number;
  readonly roles: Readonly<Partial<Record<SampledRole, RoleUse>>>;
  /** What `memoryBytes` is. */
  readonly memoryKind: 'pss+swap' | 'rss' | null;
  /** Leaks on the data dir; null where nobody could look. */
  readonly orphans: number | null;
  readonly excess: number | null;
}

/** What a reader of the history found. */
export interface SampleReading {
  /** In the order in which they were taken: full resolution where there still is, else one for five minutes. */
  readonly samples: readonly Sample[];
  /** Single samples that are damaged and left out. */
  readonly damaged: number;
  /** Files that could not be read at all. */
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[];
}

/** All roles together. */
export function totalUse({ roles }: Pick<Sample, 'roles'>): RoleUse {
  const uses = Object.values(roles);
  return {
    processes: uses.reduce((sum, use) => sum + use.processes, 0),
    memoryBytes: sumKnown(uses.map((use) => use.memoryBytes)),
    cpuPercent: sumKnown(uses.map((use) => use.cpuPercent)),
  };
}

/**
 * One sample for several that followed each other: the highest counts and memory, because a leak is a peak, and the average CPU.
 * @param samples at least one, oldest first.
 */
export function condense(samples: readonly [Sample, ...Sample[]]): Sample {
  const last = samples.at(-1) ?? samples[0];
  const names = new Set(samples.flatMap(({ roles }) => Object.keys(roles) as SampledRole[]));
  return {
    ...last,
    spanMs: last.uptimeMs - samples[0].uptimeMs + samples[0].spanMs,
    roles: Object.fromEntries(
      [...names].map((name) => [name, condenseUses(samples.map(({ roles }) => roles[name] ?? NOTHING))]),
    ),
    orphans: highest(samples.map(({ orphans }) => orphans)),
    excess: highest(samples.map(({ excess }) => excess)),
  };
}

const NOTHING: RoleUse = { processes: 0, memoryBytes: 0, cpuPercent: 0 };

function condenseUses(uses: readonly RoleUse[]): RoleUse {
  const shares = uses.map(({ cpuPercent }) => cpuPercent).filter((share) => share !== null);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return {
    processes: Math.max(...uses.map(({ processes }) => processes)),
    memoryBytes: highest(uses.map(({ memoryBytes }) => memoryBytes)),
    cpuPercent: shares.length === 0 ? null : Math.round(mean * 10) / 10,
  };
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function sumKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

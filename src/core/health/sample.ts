import type { Role } from '../tree/manifest.ts';

/** `other`: a managed process of the tree without a role, such as a program started in it. */
export type SampledRole = Role | 'other';

/** The use of all processes of one role at the time of a sample. */
export interface RoleUse {
  readonly processes: number;
  /** Sum of all of them; null if unreadable. */
  readonly memoryBytes: number | null;
  /** Percent of one core since the previous sample; null for the first one. */
  readonly cpuPercent: number | null;
}

/** The tree at one moment, or the peaks of several moments. `history` draws these. */
export interface Sample {
  /** Wall clock, milliseconds since 1970. */
  readonly takenAtMs: number;
  /** Uptime of the machine, in milliseconds. Unaffected by clock steps. */
  readonly uptimeMs: number;
  readonly bootId: string | null;
  /** Length of the period up to `takenAtMs` that the sample covers, in milliseconds. */
  readonly spanMs: number;
  readonly treeId: string;
  readonly state: string;
  /** Worker restarts after crashes since the tree started. */
  readonly restarts: number;
  readonly roles: Readonly<Partial<Record<SampledRole, RoleUse>>>;
  /** Kind of `memoryBytes`. */
  readonly memoryKind: 'pss+swap' | 'rss' | null;
  /** Leaks on the data dir; null if unknown. */
  readonly orphans: number | null;
  readonly excess: number | null;
  /** Memory of these leaks; null if unknown, as in samples of earlier versions. */
  readonly leakedBytes: number | null;
}

/** The result of reading the history. */
export interface SampleReading {
  /** Oldest first. Older samples cover five minutes each. */
  readonly samples: readonly Sample[];
  /** Number of damaged samples, which are skipped. */
  readonly damaged: number;
  /** Files that could not be read. */
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[];
}

/** The sum of all roles. */
export function totalUse({ roles }: Pick<Sample, 'roles'>): RoleUse {
  const uses = Object.values(roles);
  return {
    processes: uses.reduce((sum, use) => sum + use.processes, 0),
    memoryBytes: sumKnown(uses.map((use) => use.memoryBytes)),
    cpuPercent: sumKnown(uses.map((use) => use.cpuPercent)),
  };
}

/**
 * Condenses consecutive samples into one: the highest counts and memory, because a leak is a peak, and the average CPU.
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
    leakedBytes: highest(samples.map(({ leakedBytes }) => leakedBytes)),
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

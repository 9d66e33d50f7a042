import { ROLES, type Role } from '../tree/manifest.ts';

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * How many processes of each role a running tree has. Wrapper and python bear the same role; the search server and Chroma come and go.
 */
const ROLE_BOUNDS: Readonly<Record<Role, Bounds>> = {
  supervisor: { least: 1, most: 1 },
  worker: { least: 1, most: 1 },
  search: { least: 0, most: 1 },
  'chroma-sync': { least: 0, most: 2 },
  'chroma-search': { least: 0, most: 2 },
  setup: { least: 0, most: 2 },
};

/** Something that is not as it should be in a running tree. */
export interface Breach {
  /** For programs: `count:worker`, `response:search`, `orphans`, … */
  readonly id: string;
  readonly message: string;
}

/** What is known of a running tree at one moment; null: not known. */
export interface Vitals {
  readonly counts: Readonly<Partial<Record<Role, number>>>;
  readonly orphans: number | null;
  readonly excess: number | null;
  readonly isWorkerAnswering: boolean;
  /** State of the search server as the worker sees it. */
  readonly searchServer: string | null;
  /** State of Chroma as the worker sees it, and why it does not answer. */
  readonly vectors: { readonly state: string; readonly reason: string | null } | null;
}

/** Roles of which a running tree has too few or too many. Also for a single reading, such as that of a check. */
export function countBreaches(counts: Vitals['counts']): readonly Breach[] {
  return ROLES.flatMap((role) => {
    const count = counts[role] ?? 0;
    const { least, most } = ROLE_BOUNDS[role];
    if (count >= least && count <= most) return [];
    const expected = least === most ? `${most}` : `${least} to ${most}`;
    return [{ id: `count:${role}`, message: `${count} processes of role ${role}, expected ${expected}` }];
  });
}

/** All that is out of bounds at one moment. Much of it passes by itself: see `trackBreaches`. */
export function findBreaches(vitals: Vitals): readonly Breach[] {
  const { isWorkerAnswering, searchServer, vectors, orphans, excess } = vitals;
  return [
    ...countBreaches(vitals.counts),
    ...(isWorkerAnswering ? [] : [{ id: 'response:worker', message: 'the worker does not answer' }]),
    ...(searchServer === 'reconnecting'
      ? [{ id: 'response:search', message: 'the search server does not answer and is started again' }]
      : []),
    ...(vectors?.state === 'unavailable'
      ? [{ id: 'response:chroma', message: `Chroma does not answer: ${vectors.reason ?? 'for a reason unknown'}` }]
      : []),
    ...leakBreach('orphans', orphans, 'orphaned'),
    ...leakBreach('excess', excess, 'excess'),
  ];
}

function leakBreach(id: string, count: number | null, kind: string): readonly Breach[] {
  if (count === null || count === 0) return [];
  const noun = count === 1 ? `1 ${kind} process` : `${count} ${kind} processes`;
  return [{ id, message: `${noun} of this tree; see: claude-mem leaks` }];
}

export interface TrackedBreach extends Breach {
  /** When it was seen first, on the clock that `trackBreaches` is given. */
  readonly sinceMs: number;
  /** Samples in a row that showed it. */
  readonly sightings: number;
}

/** Fewer may be a restart that is under way, or a reading in the middle of one. */
const LASTING_SIGHTINGS = 3;

/**
 * Carries the breaches of the samples before on: one that is not found any more is over.
 * @param nowMs milliseconds on a clock that never steps.
 */
export function trackBreaches(
  known: readonly TrackedBreach[],
  found: readonly Breach[],
  nowMs: number,
): readonly TrackedBreach[] {
  return found.map((breach) => {
    const before = known.find(({ id }) => id === breach.id);
    return { ...breach, sinceMs: before?.sinceMs ?? nowMs, sightings: (before?.sightings ?? 0) + 1 };
  });
}

export function isLasting({ sightings }: TrackedBreach): boolean {
  return sightings >= LASTING_SIGHTINGS;
}

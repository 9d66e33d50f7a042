import { TREE_ROLES, type Role } from '../tree/manifest.ts';

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * The number of processes of each role in a running tree. Wrapper and python have the same role; the search server and Chroma come and
 * go.
 */
const ROLE_BOUNDS: Readonly<Record<(typeof TREE_ROLES)[number], Bounds>> = {
  supervisor: { least: 1, most: 1 },
  worker: { least: 1, most: 1 },
  search: { least: 0, most: 1 },
  'chroma-sync': { least: 0, most: 2 },
  'chroma-search': { least: 0, most: 2 },
  setup: { least: 0, most: 2 },
};

/** A value of a running tree that is out of bounds. */
export interface Breach {
  /** For programs: `count:worker`, `response:search`, `orphans`, … */
  readonly id: string;
  readonly message: string;
}

/** The measurements of a running tree at one moment; null: unknown. */
export interface Vitals {
  readonly counts: Readonly<Partial<Record<Role, number>>>;
  readonly orphans: number | null;
  readonly excess: number | null;
  readonly isWorkerAnswering: boolean;
  /** State of the search server as the worker sees it. */
  readonly searchServer: string | null;
  /** State of Chroma as the worker sees it, with the reason if Chroma does not answer. */
  readonly vectors: { readonly state: string; readonly reason: string | null } | null;
}

/** The roles with too few or too many processes. */
export function countBreaches(counts: Vitals['counts']): readonly Breach[] {
  return TREE_ROLES.flatMap((role) => {
    const count = counts[role] ?? 0;
    const { least, most } = ROLE_BOUNDS[role];
    if (count >= least && count <= most) return [];
    const expected = least === most ? `${most}` : `${least} to ${most}`;
    return [{ id: `count:${role}`, message: `${count} processes of role ${role}, expected ${expected}` }];
  });
}

/** Every breach at one moment. Many breaches pass by themselves: see `trackBreaches`. */
export function findBreaches(vitals: Vitals): readonly Breach[] {
  const { isWorkerAnswering, searchServer, vectors, orphans, excess } = vitals;
  return [
    ...countBreaches(vitals.counts),
    ...(isWorkerAnswering ? [] : [{ id: 'response:worker', message: 'the worker does not answer' }]),
    ...(searchServer === 'reconnecting'
      ? [{ id: 'response:search', message: 'the search server does not answer and is being restarted' }]
      : []),
    ...(vectors?.state === 'unavailable'
      ? [{ id: 'response:chroma', message: `Chroma does not answer: ${vectors.reason ?? 'unknown reason'}` }]
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
  /** First sighting, on the clock given to `trackBreaches`. */
  readonly sinceMs: number;
  /** Consecutive samples with this breach. */
  readonly sightings: number;
  /** Readings of the process table that these samples used: on a loaded machine, several samples share one. */
  readonly readings: number;
}

/** Fewer sightings may come from a restart in progress. */
const LASTING_SIGHTINGS = 3;
/** One reading may fall into the second between the end of a process and its successor. */
const LASTING_READINGS = 2;

/**
 * Counts consecutive sightings of each breach. A breach that is no longer found is dropped.
 * @param nowMs milliseconds on a monotonic clock.
 * @param isNewReading whether the sample used another reading of the process table than the one before.
 */
export function trackBreaches(
  known: readonly TrackedBreach[],
  found: readonly Breach[],
  nowMs: number,
  isNewReading: boolean,
): readonly TrackedBreach[] {
  return found.map((breach) => {
    const before = known.find(({ id }) => id === breach.id);
    if (before === undefined) return { ...breach, sinceMs: nowMs, sightings: 1, readings: 1 };
    const readings = before.readings + (isNewReading ? 1 : 0);
    return { ...breach, sinceMs: before.sinceMs, sightings: before.sightings + 1, readings };
  });
}

export function isLasting({ sightings, readings }: TrackedBreach): boolean {
  return sightings >= LASTING_SIGHTINGS && readings >= LASTING_READINGS;
}

import type { StoredIdentity } from '../tree/manifest.ts';
import type { ProcessRow, ProcessSnapshot } from './snapshot.ts';

/** How two identities compare. `unknown` never authorizes anything. */
export type Comparison = 'same' | 'different' | 'unknown';

/** What became of a stored identity, as far as a snapshot tells. */
export type Presence = 'alive' | 'gone' | 'unknown';

/** A process as something recorded it: pid and start mark, and where that pid counts. */
export interface Identity {
  readonly pid: number;
  readonly startTicks?: number;
  /** ISO 8601; a start, or with `isRegistration` the later moment at which it was written down. */
  readonly startedAt?: string;
  /** Whether `startedAt` is only the time of registration: the process was born at some time before it. */
  readonly isRegistration?: boolean;
  /** Where the pid counts. Absent: the record's format has no such fields, so they are not compared. */
  readonly place?: Place;
}

/** The machine, boot and pid namespace in which a pid counts. */
export interface Place {
  readonly machineId?: string | undefined;
  readonly bootId?: string | undefined;
  readonly pidNamespace?: string | undefined;
}

/** Registration follows birth; this much of it may be the reading's own jitter, in milliseconds. */
const REGISTRATION_TOLERANCE_MS = 250;

/** A zombie has exited and lost its last thread; a dead leader whose threads live on is no zombie. */
export function isZombie(row: Pick<ProcessRow, 'state' | 'threads'>): boolean {
  if (row.state === 'X') return true;
  return row.state === 'Z' && (row.threads ?? 1) <= 1;
}

/** The identity of a manifest entry, completed from its manifest. */
export function storedIdentity(stored: StoredIdentity, manifest: Place): Identity {
  return { ...stored, place: { ...manifest, bootId: stored.bootId ?? manifest.bootId } };
}

/**
 * Reads an owner mark, `<pid>:<start ticks>:<boot id>:<pid namespace>`; undefined if it is not one. The machine id is not in it: a
 * mark lives in a process's memory and does not outlive a boot.
 */
export function parseOwnerMark(mark: string | null | undefined): Identity | undefined {
  const parts = /^([1-9]\d*):(\d+):([^:]*):(.*)$/s.exec(mark ?? '');
  if (parts === null) return undefined;
  const [, pid, ticks, bootId, pidNamespace] = parts;
  return {
    pid: Number(pid),
    startTicks: Number(ticks),
    place: { bootId: emptyIsAbsent(bootId), pidNamespace: namespaceDigits(emptyIsAbsent(pidNamespace)) },
  };
}

/** The owner mark of a process, for the environment of what it spawns. */
export function formatOwnerMark(owner: { pid: number; startTicks: number }, place: Place): string {
  return `${owner.pid}:${owner.startTicks}:${place.bootId ?? ''}:${place.pidNamespace ?? ''}`;
}

/** `pid:[4026531836]` and `4026531836` name the same namespace; the digits are the form that is compared. */
export function namespaceDigits(namespace: string | undefined): string | undefined {
  return /^pid:\[(\d+)\]$/.exec(namespace ?? '')?.[1] ?? namespace;
}

/** Compares a recorded identity with a row of a snapshot: machine and boot first, then namespace, pid and start. */
export function compareIdentity(identity: Identity, row: ProcessRow, snapshot: ProcessSnapshot): Comparison {
  const place = comparePlace(identity.place, snapshot);
  if (place !== 'same') return place;
  if (identity.pid !== row.pid) return 'different';
  return compareStart(identity, row, snapshot);
}

/**
 * Looks a recorded identity up. `gone` needs proof: another boot of this very machine, another process under its pid, a zombie, or
 * its absence from a complete listing. Being absent from this place is none.
 */
export function lookUpIdentity(
  identity: Identity,
  snapshot: ProcessSnapshot,
  byPid: ReadonlyMap<number, ProcessRow>,
): Presence {
  const place = comparePlace(identity.place, snapshot);
  if (place !== 'same') return place === 'different' ? 'gone' : 'unknown';
  const row = byPid.get(identity.pid);
  if (row === undefined) return snapshot.complete ? 'gone' : 'unknown';
  const comparison = compareStart(identity, row, snapshot);
  if (comparison === 'different') return 'gone';
  if (comparison === 'unknown') return 'unknown';
  return isZombie(row) ? 'gone' : 'alive';
}

/** Whether `earlier` started no later than `later`, as far as the reader's precision tells. */
export function isNotYounger(earlier: ProcessRow, later: ProcessRow, snapshot: ProcessSnapshot): boolean {
  if (earlier.startTicks !== undefined && later.startTicks !== undefined) return earlier.startTicks <= later.startTicks;
  return Date.parse(earlier.startedAt) <= Date.parse(later.startedAt) + (snapshot.startPrecisionMs ?? 0);
}

/** Whether the row was born after that moment, beyond what the reader's precision leaves open. */
export function isBornAfter(row: ProcessRow, moment: string, snapshot: ProcessSnapshot): boolean {
  return Date.parse(row.startedAt) > Date.parse(moment) + REGISTRATION_TOLERANCE_MS + (snapshot.startPrecisionMs ?? 0);
}

/** Whether the snapshot tells which process this is: its start in ticks, or on the clock where the reader has no ticks. */
export function hasKnownStart(row: ProcessRow, snapshot: ProcessSnapshot): boolean {
  if (row.startTicks !== undefined) return true;
  return snapshot.nowTicks === undefined && !Number.isNaN(Date.parse(row.startedAt));
}

/** Whether `later` is proven to have started after `earlier`; a start that is not known proves nothing. */
export function isYounger(later: ProcessRow, earlier: ProcessRow, snapshot: ProcessSnapshot): boolean {
  const areKnown = hasKnownStart(later, snapshot) && hasKnownStart(earlier, snapshot);
  return areKnown && !isNotYounger(later, earlier, snapshot);
}

/**
 * Age in seconds, 0 or more. Counted in ticks where there are any: a clock that was set makes nothing old.
 */
export function ageSeconds(row: ProcessRow, snapshot: ProcessSnapshot): number {
  const age =
    row.startTicks !== undefined && snapshot.nowTicks !== undefined
      ? (snapshot.nowTicks - row.startTicks) / TICKS_PER_SECOND
      : (Date.parse(snapshot.takenAt) - Date.parse(row.startedAt)) / 1000;
  return Number.isFinite(age) ? Math.max(0, age) : 0;
}

/** `USER_HZ`: what Linux reports to programs on every architecture we support. */
export const TICKS_PER_SECOND = 100;

function comparePlace(place: Place | undefined, snapshot: ProcessSnapshot): Comparison {
  if (place === undefined) return 'same';
  if (place.bootId !== snapshot.bootId) {
    if (place.bootId === undefined || snapshot.bootId === undefined) return 'unknown';
    const isSameMachine = place.machineId !== undefined && place.machineId === snapshot.machineId;
    return isSameMachine ? 'different' : 'unknown';
  }
  const here = namespaceDigits(snapshot.pidNamespace);
  return namespaceDigits(place.pidNamespace) === here ? 'same' : 'unknown';
}

function compareStart(identity: Identity, row: ProcessRow, snapshot: ProcessSnapshot): Comparison {
  if (identity.startTicks !== undefined && row.startTicks !== undefined)
    return identity.startTicks === row.startTicks ? 'same' : 'different';
  if (identity.startedAt === undefined) return 'unknown';
  // What is older than its registration may be it or not; what is younger is not.
  if (identity.isRegistration === true) return isBornAfter(row, identity.startedAt, snapshot) ? 'different' : 'unknown';
  // A start on the wall clock moves when the clock is set, so that it differs is no proof; only ticks are.
  if (identity.startTicks !== undefined || row.startTicks !== undefined) return 'unknown';
  const apartMs = Math.abs(Date.parse(row.startedAt) - Date.parse(identity.startedAt));
  return apartMs <= (snapshot.startPrecisionMs ?? 0) ? 'same' : 'unknown';
}

function emptyIsAbsent(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

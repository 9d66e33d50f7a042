import type { StoredIdentity } from '../tree/manifest.ts';
import type { ProcessRow, ProcessSnapshot } from './snapshot.ts';

/** How two identities compare. `unknown` never authorizes anything. */
export type Comparison = 'same' | 'different' | 'unknown';

/** The state of a stored identity in a snapshot. */
export type Presence = 'alive' | 'gone' | 'unknown';

/** A recorded process: its pid, its start, and the place where that pid is valid. */
export interface Identity {
  readonly pid: number;
  readonly startTicks?: number;
  /** ISO 8601: the start, or with `isRegistration` the later time of the record. */
  readonly startedAt?: string;
  /** Whether `startedAt` is the time of registration: the process started before it. */
  readonly isRegistration?: boolean;
  /** Where the pid is valid. Absent: the record's format has no such fields, so they are not compared. */
  readonly scope?: IdentityScope;
}

/** The machine, boot and pid namespace in which a pid is valid. */
export interface IdentityScope {
  readonly machineId?: string | undefined;
  readonly bootId?: string | undefined;
  readonly pidNamespace?: string | undefined;
}

/** Allowed jitter between a start and its registration, in milliseconds. */
const REGISTRATION_TOLERANCE_MS = 250;

/** A zombie has exited with all its threads. A process whose main thread is dead but whose other threads run is not a zombie. */
export function isZombie(row: Pick<ProcessRow, 'state' | 'threads'>): boolean {
  if (row.state === 'X') return true;
  return row.state === 'Z' && (row.threads ?? 1) <= 1;
}

/** The identity of a manifest entry, completed from its manifest. */
export function storedIdentity(stored: StoredIdentity, manifest: IdentityScope): Identity {
  return { ...stored, scope: { ...manifest, bootId: stored.bootId ?? manifest.bootId } };
}

/**
 * Parses an owner mark, `<pid>:<start ticks>:<boot id>:<pid namespace>`; undefined if it is malformed. It needs no machine id: a mark is
 * in a process's memory and never outlives a boot.
 */
export function parseOwnerMark(mark: string | null | undefined): Identity | undefined {
  const parts = /^([1-9]\d*):(\d+):([^:]*):(.*)$/s.exec(mark ?? '');
  if (parts === null) return undefined;
  const [, pid, ticks, bootId, pidNamespace] = parts;
  return {
    pid: Number(pid),
    startTicks: Number(ticks),
    scope: { bootId: emptyIsAbsent(bootId), pidNamespace: namespaceDigits(emptyIsAbsent(pidNamespace)) },
  };
}

/** The owner mark of a process, for the environments of its children. */
export function formatOwnerMark(owner: { pid: number; startTicks: number }, scope: IdentityScope): string {
  return `${owner.pid}:${owner.startTicks}:${scope.bootId ?? ''}:${scope.pidNamespace ?? ''}`;
}

/** Reduces `pid:[4026531836]` to `4026531836`, the form that is compared. */
export function namespaceDigits(namespace: string | undefined): string | undefined {
  return /^pid:\[(\d+)\]$/.exec(namespace ?? '')?.[1] ?? namespace;
}

/** Compares a recorded identity with a row of a snapshot: machine and boot first, then namespace, pid and start. */
export function compareIdentity(identity: Identity, row: ProcessRow, snapshot: ProcessSnapshot): Comparison {
  const scope = compareScope(identity.scope, snapshot);
  if (scope !== 'same') return scope;
  if (identity.pid !== row.pid) return 'different';
  return compareStart(identity, row, snapshot);
}

/**
 * Looks a recorded identity up in a snapshot. `gone` needs proof: another boot of the same machine, another process with its pid, a
 * zombie, or its absence from a complete listing. For an identity of another machine or pid namespace, absence proves nothing.
 */
export function lookUpIdentity(
  identity: Identity,
  snapshot: ProcessSnapshot,
  byPid: ReadonlyMap<number, ProcessRow>,
): Presence {
  const scope = compareScope(identity.scope, snapshot);
  if (scope !== 'same') return scope === 'different' ? 'gone' : 'unknown';
  const row = byPid.get(identity.pid);
  if (row === undefined) return snapshot.complete ? 'gone' : 'unknown';
  const comparison = compareStart(identity, row, snapshot);
  if (comparison === 'different') return 'gone';
  if (comparison === 'unknown') return 'unknown';
  return isZombie(row) ? 'gone' : 'alive';
}

/** Whether `earlier` started no later than `later`, within the reader's precision. */
export function isNotYounger(earlier: ProcessRow, later: ProcessRow, snapshot: ProcessSnapshot): boolean {
  if (earlier.startTicks !== undefined && later.startTicks !== undefined) return earlier.startTicks <= later.startTicks;
  return Date.parse(earlier.startedAt) <= Date.parse(later.startedAt) + (snapshot.startPrecisionMs ?? 0);
}

/** Whether the row started after that moment, beyond the reader's precision. */
export function isBornAfter(row: ProcessRow, moment: string, snapshot: ProcessSnapshot): boolean {
  return Date.parse(row.startedAt) > Date.parse(moment) + REGISTRATION_TOLERANCE_MS + (snapshot.startPrecisionMs ?? 0);
}

/** Whether the start of the row is known: in ticks, or on the wall clock if the reader has no ticks. */
export function hasKnownStart(row: ProcessRow, snapshot: ProcessSnapshot): boolean {
  if (row.startTicks !== undefined) return true;
  return snapshot.nowTicks === undefined && !Number.isNaN(Date.parse(row.startedAt));
}

/** Whether `later` provably started after `earlier`; an unknown start proves nothing. */
export function isYounger(later: ProcessRow, earlier: ProcessRow, snapshot: ProcessSnapshot): boolean {
  const areKnown = hasKnownStart(later, snapshot) && hasKnownStart(earlier, snapshot);
  return areKnown && !isNotYounger(later, earlier, snapshot);
}

/**
 * Age in seconds, at least 0. Counted in ticks if known, so that setting the clock does not change ages.
 */
export function ageSeconds(row: ProcessRow, snapshot: ProcessSnapshot): number {
  const age =
    row.startTicks !== undefined && snapshot.nowTicks !== undefined
      ? (snapshot.nowTicks - row.startTicks) / TICKS_PER_SECOND
      : (Date.parse(snapshot.takenAt) - Date.parse(row.startedAt)) / 1000;
  return Number.isFinite(age) ? Math.max(0, age) : 0;
}

/** Clock ticks per second: `USER_HZ`, which is 100 on every supported Linux architecture. */
export const TICKS_PER_SECOND = 100;

function compareScope(scope: IdentityScope | undefined, snapshot: ProcessSnapshot): Comparison {
  if (scope === undefined) return 'same';
  if (scope.bootId !== snapshot.bootId) {
    if (scope.bootId === undefined || snapshot.bootId === undefined) return 'unknown';
    const isSameMachine = scope.machineId !== undefined && scope.machineId === snapshot.machineId;
    return isSameMachine ? 'different' : 'unknown';
  }
  const here = namespaceDigits(snapshot.pidNamespace);
  return namespaceDigits(scope.pidNamespace) === here ? 'same' : 'unknown';
}

function compareStart(identity: Identity, row: ProcessRow, snapshot: ProcessSnapshot): Comparison {
  if (identity.startTicks !== undefined && row.startTicks !== undefined)
    return identity.startTicks === row.startTicks ? 'same' : 'different';
  if (identity.startedAt === undefined) return 'unknown';
  // A process that is younger than the registration is another one. An older one may be the recorded process or not.
  if (identity.isRegistration === true) return isBornAfter(row, identity.startedAt, snapshot) ? 'different' : 'unknown';
  // A wall-clock start moves when the clock is set, so a difference proves nothing. Only ticks prove one.
  if (identity.startTicks !== undefined || row.startTicks !== undefined) return 'unknown';
  const apartMs = Math.abs(Date.parse(row.startedAt) - Date.parse(identity.startedAt));
  return apartMs <= (snapshot.startPrecisionMs ?? 0) ? 'same' : 'unknown';
}

function emptyIsAbsent(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

import type { Place } from '../../core/process/identity.ts';
import type { Role, StoredIdentity } from '../../core/tree/manifest.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import type { HookEvent } from '../hooks/hook-event.ts';

/** Who this process is, as it names itself to what it spawns. */
export interface OwnIdentity {
  readonly pid: number;
  readonly startTicks?: number | undefined;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly place: Place;
}

/** Reads one process; undefined if it is not there. Synchronous, because it stands between a spawn and its record. */
export type IdentifyProcess = (pid: number) => ProcessRow | undefined;

export type MeasuredProcess = Pick<
  ProcessRow,
  'startTicks' | 'cpuTicks' | 'state' | 'threads' | 'rssBytes' | 'pssBytes' | 'swapBytes'
>;

/** Reads what one process uses now; undefined if it is gone. Synchronous and cheap: a supervisor does it every few seconds. */
export type MeasureProcess = (pid: number) => MeasuredProcess | undefined;

/** A process to be recorded. */
export interface Registration {
  readonly role: Role;
  readonly identity: StoredIdentity;
  readonly pgid?: number;
  readonly owner: StoredIdentity;
  readonly command: readonly string[];
}

/** Has processes recorded in the tree's manifest: by the root directly, elsewhere through the root. */
export interface TreeRecorder {
  /** Resolves once the entry is on the disk. */
  register(registration: Registration): Promise<void>;
  /** The process was seen gone, or its owner lets go of it. */
  ended(identity: StoredIdentity): Promise<void>;
}

/** One event that waits on the disk. */
export interface SpooledEvent {
  readonly name: string;
  /** How often its delivery was begun. */
  readonly attempts: number;
}

/**
 * Where events wait that could not be delivered: one file an event, in the order they happened.
 * @throws ClaudeMemError `io` from each method.
 */
export interface EventSpool {
  /** Whether an event of this session waits: what comes later must not overtake it. */
  holdsSession(sessionId: string): boolean;
  /** Once this returns it is on the disk. A full spool throws too. */
  add(event: HookEvent): void;
  /** The oldest first. */
  list(): readonly SpooledEvent[];
  /** Counts an attempt and reads the event, unchecked; undefined if somebody else has taken it away. */
  begin(event: SpooledEvent): { readonly content: unknown; readonly event: SpooledEvent } | undefined;
  /** Takes the attempt back: it was not the event's fault. */
  postpone(event: SpooledEvent): void;
  /** It was delivered. */
  remove(event: SpooledEvent): void;
  /** It can never be delivered: kept for a look, not tried again. */
  setAside(event: SpooledEvent): void;
}
